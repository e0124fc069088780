// Long because it is a list: every metric that may be exported, as events.ts is for what may be logged.

/** One metric as it is exported, before its label values. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** What one is. Amounts of money are in the currency of the label `currency`. */
  readonly unit:
    | 'seconds'
    | 'bytes'
    | 'jobs'
    | 'chunks'
    | 'numbers'
    | 'rows'
    | 'doorbells'
    | 'events'
    | 'money'
    | 'uploads'
    | 'runs'
    | 'yes or no';
  /** Labels have few values: accounts, states, stages. Never an id of a job, never a number. */
  readonly labels: readonly string[];
  /**
   * Where the value comes from. `database` and `queue`: asked by the API when it is scraped, the same for the whole
   * installation whichever API answers. `api`, `worker`, `both`: counted by the process that answers.
   */
  readonly source: 'database' | 'queue' | 'api' | 'worker' | 'both';
  /** Becomes the HELP line and the line in docs/operations.md. */
  readonly meaning: string;
}

/**
 * Every metric of ours. The list is closed: `openMetrics` makes these and no others, and a test holds the list, the
 * documentation, the alert rules, the dashboard and what real processes export to each other.
 */
export const metricCatalogue = {
  rollcall_jobs: {
    type: 'gauge',
    unit: 'jobs',
    labels: ['state'],
    source: 'database',
    meaning: 'Jobs that are not finished.',
  },
  rollcall_jobs_finished_last_day: {
    type: 'gauge',
    unit: 'jobs',
    labels: ['state'],
    source: 'database',
    meaning: 'Jobs that finished within the last 24 hours.',
  },
  rollcall_chunks: {
    type: 'gauge',
    unit: 'chunks',
    labels: ['account', 'state', 'reason'],
    source: 'database',
    meaning: 'Chunks that are not closed; the reason is none unless the state is blocked or held.',
  },
  rollcall_chunk_numbers: {
    type: 'gauge',
    unit: 'numbers',
    labels: ['account', 'state'],
    source: 'database',
    meaning: 'Numbers in chunks that are not closed: the work that is left.',
  },
  rollcall_numbers: {
    type: 'gauge',
    unit: 'numbers',
    labels: ['outcome'],
    source: 'database',
    meaning: 'Numbers that have this outcome now, over all jobs kept; erasure makes it fall.',
  },
  rollcall_held_money: {
    type: 'gauge',
    unit: 'money',
    labels: ['account', 'currency', 'reason'],
    source: 'database',
    meaning: 'Money of the uploads whose chunks are held for a decision.',
  },
  rollcall_held_oldest_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: ['account'],
    source: 'database',
    meaning: 'How long the oldest held chunk has been waiting for a person.',
  },
  rollcall_due_rows: {
    type: 'gauge',
    unit: 'chunks',
    labels: ['stage', 'account'],
    source: 'database',
    meaning: 'Chunks (jobs, for plan) that a worker of this stage could take now.',
  },
  rollcall_oldest_due_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: ['stage', 'account'],
    source: 'database',
    meaning:
      'How long the oldest of these has been due; for poll it is the poll lag. 0 when nothing is due.',
  },
  rollcall_ledger_booked_total: {
    type: 'counter',
    unit: 'money',
    labels: ['account', 'currency', 'entry'],
    source: 'database',
    meaning: 'Money booked in the ledger, by entry; commit is what was spent at the set price.',
  },
  rollcall_account_balance: {
    type: 'gauge',
    unit: 'money',
    labels: ['account', 'currency'],
    source: 'database',
    meaning: 'Balance that the provider told last; absent where it tells none.',
  },
  rollcall_account_balance_age_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: ['account'],
    source: 'database',
    meaning: 'How long ago the balance was told.',
  },
  rollcall_account_paused: {
    type: 'gauge',
    unit: 'yes or no',
    labels: ['account', 'reason'],
    source: 'database',
    meaning: '1 while the account is paused, with the reason; else 0 with the reason none.',
  },
  rollcall_account_unknown_uploads: {
    type: 'gauge',
    unit: 'uploads',
    labels: ['account'],
    source: 'database',
    meaning: 'Uploads of unknown outcome that count against the breaker now.',
  },
  rollcall_account_breaker_open: {
    type: 'gauge',
    unit: 'yes or no',
    labels: ['account'],
    source: 'database',
    meaning: '1 while unknown outcomes stop the account; 0 again while one chunk tries.',
  },
  rollcall_account_breaker: {
    type: 'gauge',
    unit: 'yes or no',
    labels: ['account', 'state'],
    source: 'database',
    meaning: '1 with the state of the breaker: closed, limited, open or half_open.',
  },
  rollcall_account_cap_left: {
    type: 'gauge',
    unit: 'money',
    labels: ['account', 'currency', 'period'],
    source: 'database',
    meaning: 'What the cap of this UTC day or month leaves; absent where there is no cap.',
  },
  rollcall_database_read_success: {
    type: 'gauge',
    unit: 'yes or no',
    labels: [],
    source: 'database',
    meaning: '0 when Postgres did not answer for this scrape: its metrics are left out then.',
  },
  rollcall_database_read_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    source: 'database',
    meaning: 'How long reading the metrics from Postgres took.',
  },
  rollcall_queue_doorbells: {
    type: 'gauge',
    unit: 'doorbells',
    labels: ['queue', 'state'],
    source: 'queue',
    meaning: 'Doorbells in each queue that wait, are being answered, or failed (the last 1,000).',
  },
  rollcall_queue_read_success: {
    type: 'gauge',
    unit: 'yes or no',
    labels: [],
    source: 'queue',
    meaning: '0 when the queue did not answer for this scrape: its metrics are left out then.',
  },
  rollcall_http_request_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['method', 'route', 'status'],
    source: 'api',
    meaning: 'HTTP requests that were answered, by the pattern of their route.',
  },
  rollcall_worker_serves: {
    type: 'gauge',
    unit: 'yes or no',
    labels: ['stage'],
    source: 'worker',
    meaning: '1 for each stage that this worker runs.',
  },
  rollcall_stage_run_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['stage', 'result'],
    source: 'worker',
    meaning: 'Doorbells heard, and how long each took; the result is failed where the stage threw.',
  },
  rollcall_sweep_runs_total: {
    type: 'counter',
    unit: 'runs',
    labels: ['sweep', 'result'],
    source: 'worker',
    meaning: 'Runs of the sweeps: ok or failed.',
  },
  rollcall_uploads_total: {
    type: 'counter',
    unit: 'uploads',
    labels: ['account', 'outcome'],
    source: 'worker',
    meaning: 'Uploads that ended: accepted, refused_free, not_sent or unknown.',
  },
  rollcall_provider_request_duration_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: ['account', 'operation', 'status'],
    source: 'worker',
    meaning: 'Requests to providers by status class; none where no response came.',
  },
  rollcall_ingest_rows_total: {
    type: 'counter',
    unit: 'rows',
    labels: ['account', 'outcome'],
    source: 'worker',
    meaning: 'Result rows written by ingest.',
  },
  rollcall_ingest_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    labels: ['account'],
    source: 'worker',
    meaning: 'Bytes of result files that were archived.',
  },
  rollcall_doorbells_total: {
    type: 'counter',
    unit: 'doorbells',
    labels: ['result'],
    source: 'both',
    meaning: 'Doorbells that this process rang, or failed to ring; the sweep rings again.',
  },
  rollcall_audit_unnamed_total: {
    type: 'counter',
    unit: 'events',
    labels: [],
    source: 'api',
    meaning:
      'Refused requests that the audit trail counts without saying whose, since too many callers were refused in that minute.',
  },
  rollcall_events_total: {
    type: 'counter',
    unit: 'events',
    labels: ['event'],
    source: 'both',
    meaning: 'Events of the log, also those below its level.',
  },
} as const satisfies Record<`rollcall_${string}`, MetricDefinition>;

export type MetricName = keyof typeof metricCatalogue;

/** The metrics of one type. */
export type MetricOf<Type extends MetricDefinition['type']> = {
  [Name in MetricName]: (typeof metricCatalogue)[Name]['type'] extends Type ? Name : never;
}[MetricName];

/** The labels that a metric has, each with its value. */
export type LabelsOf<Name extends MetricName> = Readonly<
  Record<(typeof metricCatalogue)[Name]['labels'][number], string>
>;
