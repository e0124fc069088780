/**
 * What the audit trail tells of, each with what its row means; docs/audit-trail.md lists them and a test holds the two together.
 * `<on what>.<what was done>`, in the past. Reading and refusals are told by the API, the rest in the transaction that does it.
 */
export const auditActions = {
  'job.received':
    'A job was made, with its purpose; `counts` has its lines, accepted numbers, duplicates and rejects, `detail` for whom (`requested_by`).',
  'job.retried':
    'A retry was made of the job `detail.retry_of`; `counts.may_be_paid` of its numbers may have been paid for before.',
  'job.changed': 'The name, priority or ceiling of a job was changed.',
  'job.paused': 'A job was paused.',
  'job.resumed': 'A job was resumed.',
  'job.cancelled': 'A job was cancelled; `counts.chunks` were not sent any more.',
  'hold.decided': 'A person decided on a held chunk: `detail.decision`, with the reason given.',
  'approval.given':
    'A person allowed a payment that may be the second for the same numbers, up to `detail.cost_ceiling`.',
  'replay.asked':
    'Somebody asked for the kept file of a chunk to be read again (`detail.mode`: compare, correct, release).',
  'account.paused':
    'An account was paused: by a person, or by Rollcall itself (`detail.reason`: auth, actual_above_price).',
  'account.resumed': 'A person let an account send again.',
  'account.breaker_reset': 'A person closed the breaker of an account.',
  'account.semantics_confirmed':
    'A person said that the result files of an account mean what its settings say.',
  'suppression.added':
    'Numbers were put on the suppression list; `counts.added` of `counts.numbers` were not on it.',
  'suppression.removed':
    'Numbers were taken off the suppression list, `counts.removed` of `counts.numbers`; `detail.erasure`: also those of erasures.',
  'key.made': 'An API key was made; `subject` is the new key, `detail.scopes` what it may do.',
  'key.changed': 'The name or the limits of a key were changed.',
  'key.rotated': 'A key was rotated into `detail.into`, and ends at `detail.old_ends_at`.',
  'key.revoked': 'A key was ended.',
  'key.used': 'A key was used, for the first time of a UTC day.',
  'session.opened': 'A browser signed in to the dashboard with a key.',
  'results.read':
    'Rows with numbers were read page by page: the first page of an hour as it is read, the others of that hour together, `counts.pages`.',
  'results.exported': 'An export of numbers and answers was begun, before its first byte is sent.',
  'results.export_ended':
    'An export ended (`detail.ending`: complete, failed, client_went_away) after `counts.rows` rows.',
  'artifact.opened': 'Somebody began to download the file of a held chunk as the provider sent it.',
  'access.refused':
    'Requests of one key or address were refused for one reason (`detail.reason`) within a minute, `counts.requests` of them.',
  'audit.read': 'The audit trail was read, told as `results.read` is.',
  'erasure.asked': 'Somebody asked for a number to be erased; `subject` is the receipt.',
  'erasure.done': 'A number was erased; `counts` has rows by table.',
  'retention.dropped':
    'A month of `detail.table` was dropped, since it was older than such rows are kept.',
  'audit.cut':
    'The old end of this chain was taken off, up to the row `counts.through` with the hash `detail.hash`.',
} as const;

/** The closed list of what the audit trail tells of. */
export type AuditAction = keyof typeof auditActions;
