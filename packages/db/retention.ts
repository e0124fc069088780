/**
 * How long each table is kept and why: the one place. A test holds it to the catalogue, so that a table without an entry fails the build.
 */
export interface Retention {
  /**
   * `rows` and `files`: by whole months of the job's day, as `ROLLCALL_RETENTION_MONTHS` and `ROLLCALL_RETENTION_FILES_MONTHS` say; partitions are
   * dropped. `emptied`: rows stay, what a provider or a person wrote in them goes with the job's rows. `days`: deleted, so many days old.
   * `own`: as `why` says. `kept`: for good.
   */
  readonly keep: 'rows' | 'files' | 'emptied' | { readonly days: number } | 'own' | 'kept';
  readonly why: string;
}

const ofMoney = 'The money skeleton: what was sent, to whom and at what price, without a number.';
const ofMachine = 'No personal data: how the installation is set up or how it is doing.';

export const retention = {
  // A row per number.
  job_numbers: { keep: 'rows', why: 'What was asked.' },
  suppressed_numbers: { keep: 'rows', why: 'Which of a job’s numbers were not to be sent.' },
  erased_numbers: {
    keep: 'rows',
    why: 'Which of a job’s numbers were erased, as HMAC, while its result files may have them.',
  },
  rejects: { keep: 'rows', why: 'Lines that held no number; they may hold anything else.' },
  results: { keep: 'rows', why: 'What was answered.' },
  quarantined_rows: { keep: 'rows', why: 'Rows of result files that are no answers.' },
  replayed_rows: { keep: 'rows', why: 'What a replay changed.' },

  // Files.
  blobs: {
    keep: 'files',
    why: 'Uploads and result files as they came, to be answered in or read again.',
  },
  blob_parts: { keep: 'files', why: 'The bytes of the files above.' },

  // Without a number, but with what somebody wrote.
  evidence: {
    keep: 'emptied',
    why: 'That a provider was asked, when, and what came of it; its own words go.',
  },
  idempotency_keys: {
    keep: { days: 31 },
    why: 'As long as a repeated request is promised to make nothing.',
  },
  hold_batches: { keep: { days: 31 }, why: 'As idempotency keys.' },

  // Counts and money.
  jobs: {
    keep: 'kept',
    why: `${ofMoney} With purpose and requester: the record of processing (Art. 30).`,
  },
  job_outcomes: { keep: 'kept', why: 'Counts.' },
  job_rejects: { keep: 'kept', why: 'Counts.' },
  tenant_days: { keep: 'kept', why: 'Counts by day, check and outcome.' },
  chunks: { keep: 'kept', why: ofMoney },
  attempts: { keep: 'kept', why: ofMoney },
  approvals: { keep: 'kept', why: `${ofMoney} Who let it be paid again, and why.` },
  retry_approvals: { keep: 'kept', why: `${ofMoney} Who let a retry pay again, and why.` },
  decisions: { keep: 'kept', why: `${ofMoney} What people decided on held uploads.` },
  ledger: { keep: 'kept', why: ofMoney },
  refund_claims: { keep: 'kept', why: ofMoney },
  poll_history: { keep: 'kept', why: `${ofMoney} What the provider counted of a task.` },
  artifacts: {
    keep: 'kept',
    why: `${ofMoney} Which file answered, by its SHA-256; its bytes are in blobs.`,
  },
  replays: {
    keep: 'kept',
    why: 'That a file was read again, by whom and why, and what it changed, in counts.',
  },
  usage: { keep: 'kept', why: 'Counts by day and key, for limits.' },

  // Who may do what, and who did what.
  tenants: { keep: 'kept', why: ofMachine },
  api_keys: { keep: 'kept', why: 'Who may do what; other rows name them. Digests, no keys.' },
  sessions: {
    keep: 'own',
    why: 'Browsers that signed in: deleted when they expire, sign out, or their key ends.',
  },
  intakes: {
    keep: 'own',
    why: 'Uploads that are being received, for erasures to wait for: deleted when they are stored, refused or out of time.',
  },
  tenant_readers: { keep: 'kept', why: ofMachine },
  audit_trail: {
    keep: 'own',
    why: 'Who did what: its old end is cut by whole months, as `ROLLCALL_RETENTION_AUDIT_MONTHS` says (docs/audit-trail.md).',
  },
  audit_heads: { keep: 'kept', why: 'Where each chain of the audit trail ends.' },

  // Privacy itself.
  suppressions: {
    keep: 'kept',
    why: 'A number that must not be sent stays so until it is taken off. HMAC only.',
  },
  erasures: {
    keep: 'kept',
    why: 'Receipts: that, when and for whom a number was erased. HMAC only, once it is.',
  },
  erased_files: { keep: 'kept', why: 'Receipts: which files were written anew.' },
  suppression_lists: { keep: 'kept', why: 'The version of each list.' },
  suppression_secrets: { keep: 'kept', why: 'Which secrets were used; not the secrets.' },

  // The installation.
  account_days: { keep: 'kept', why: 'Sums of the ledger by day.' },
  account_states: { keep: 'kept', why: ofMachine },
  account_shares: { keep: 'kept', why: ofMachine },
  sums_audits: { keep: { days: 31 }, why: 'On which days kept sums were counted anew.' },
  jobs_in_line: { keep: 'own', why: 'Jobs that wait for a slot: deleted once they do not.' },
  balance_looks: { keep: 'kept', why: ofMachine },
  learned_limits: { keep: 'kept', why: ofMachine },
  task_times: { keep: 'kept', why: ofMachine },
  job_edges: { keep: 'kept', why: ofMachine },
  chunk_edges: { keep: 'kept', why: ofMachine },
} as const satisfies Readonly<Record<string, Retention>>;

/** What is kept outside these tables, in the words of docs/privacy.md, which a test holds to it. */
export const keptElsewhere = {
  'temporary files': 'Have no name, and are gone with the process that opened them.',
  'the queue': 'Ids of jobs and chunks alone, of about the last 1,000 doorbells.',
  logs: 'Ids and counts, no number; kept as long as whoever collects them keeps them.',
  metrics: 'Counts and times, no number.',
  traces: 'Ids, counts and times, no number.',
  'public.rollcall_migrations': 'Names of files.',
} as const;

/** The partitioned tables that go by months: `files` go no later than `rows`, which they have in them. */
export function tablesKeptAs(keep: 'rows' | 'files'): readonly string[] {
  return Object.entries(retention)
    .filter(([, entry]) => entry.keep === keep)
    .map(([table]) => table);
}
