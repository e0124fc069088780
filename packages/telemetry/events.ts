/**
 * Every event that may be logged, and what it says happened. The list is closed: a line is an event with fields, never
 * free text, so that it can be counted, searched and shown to hold no number. An event comes with the code that logs it.
 */
export const eventMeanings = {
  // Jobs
  'job.received': 'A job was stored with its numbers and rejects, and answered with 202.',
  'job.refused': 'A job was refused before anything was stored.',
  'job.planned': 'A job was cut into chunks.',
  'job.attention': 'Chunks of a job are held or blocked, and a person may be needed.',
  'job.paused': 'A person paused a job: nothing more of it is sent.',
  'job.resumed': 'A person resumed a job, or let go what its rejected first chunk had stopped.',
  'job.changed': 'A person changed what a job may spend, its priority or its name.',
  'job.cancelling': 'A person cancelled a job: what was not sent has ended as cancelled.',
  'job.retried':
    'A job was made of what failed or is missing of another; an approval is named where it may pay twice.',
  'job.closed': 'Every accepted number of a job has its row.',
  'job.audit_failed': 'A job should close, but its lines or its outcomes do not add up.',

  // Exports and event streams
  'export.started':
    'Somebody began to download the results of a job, or its upload with the answers.',
  'export.finished':
    'A download ended: complete, failed, or the client went away; with its rows and bytes.',

  'audit.not_told':
    'Rows of the audit trail could not be written; they are kept and tried again a minute later.',

  // Traces of each step, at level trace
  'stage.ran': 'A stage answered a doorbell; its counts are what it did.',
  'provider.exchanged': 'A request to a provider ended, with an answer or without one.',

  // Chunks
  'chunk.claimed': 'A worker took a chunk, with a new fence.',
  'chunk.accepted': 'The provider took the upload and named a task.',
  'chunk.rejected':
    'The provider refused the upload for a reason of ours; its numbers end as failed.',
  'chunk.result_ready': 'The provider has a result to download.',
  'chunk.done': 'All rows of a chunk were written.',
  'chunk.held': 'A chunk waits for a decision by a person.',
  'hold.resolved': 'A person decided on a held chunk.',
  'hold.artifact_opened': 'Somebody began to download the archived file of a held chunk.',
  'replay.asked': 'A person asked for the kept files of chunks to be read again.',
  'replay.done': 'A kept file was read again, and its rows were compared or replaced.',
  'replay.failed': 'A kept file could not be read again, or is in doubt; no row was touched.',
  'chunk.blocked': 'A chunk waits for money, a ceiling, a breaker or an account.',
  'erasure.asked': 'Somebody asked for a number to be erased.',
  'erasure.done': 'A number is erased from all rows and files of its tenant.',
  'erasure.waiting': 'A number cannot be erased yet: a job that has it is not cut.',
  'erasure.failed':
    'A number could not be erased from a row or a file; the others are gone on with, and it is tried again.',
  'erasure.file_unreadable':
    'A file could not be looked into for a number that is erased; nothing says that it has it.',
  'sums.different':
    'Sums that are kept beside the rows are not what the rows add up to; the statement that shows them is in the runbook.',
  'sweep.kept_longer':
    'Months that are over are kept still: a job of theirs is not done with, or somebody reads them.',
  'chunk.numbers_suppressed':
    'Numbers of a chunk were put on the suppression list since its job came in: they are left out of its upload.',
  'chunk.list_changing':
    'One number of a chunk after the other was put on the suppression list while it was to be claimed: it is looked at again in 2 s.',
  'chunk.unblocked': 'What blocked a chunk is gone.',
  'chunk.cancelled': 'A chunk was cancelled before its upload.',
  'chunk.stale': 'A write came too late: another worker has the chunk now. Nothing was changed.',

  // Attempts and money
  'attempt.not_sent': 'It is proved that nothing was sent; the reservation was released.',
  'attempt.refused_free': 'The provider refused with an answer that costs nothing.',
  'attempt.answer_lost':
    'An answer could not be stored. A task named here was paid for: a person can adopt it.',
  'attempt.late_answer':
    'An answer came when its chunk had moved on; it was kept as evidence and changed no state.',
  'attempt.paid_twice':
    'The provider had taken an upload that a person gave up and paid for again: its money went twice. Claim it back by the task named here.',
  'attempt.another_task':
    'The answer to an upload names another task than the one that a person adopted for it, whose result is read. Ask the provider about both.',
  'attempt.given_up_paid':
    'The provider had taken an upload that a person gave up: it is paid for, and its numbers stay failed. Claim its money or its result by the task named here.',
  'attempt.overcharged': 'The provider charged more than the price on the attempt.',
  'account.paused':
    'An account was paused: its key was refused, it overcharged, or a person said so.',
  'account.resumed': 'A person let an account send again.',
  'account.breaker_canary':
    'One upload goes, to see whether an account whose breaker had opened is well again.',
  'account.semantics_confirmed': 'A person confirmed what the result files of an account mean.',
  'account.balance': 'An account told its balance.',

  // Keys
  'key.made': 'A person made an API key; the line of the same request says whose key asked.',
  'key.rotated':
    'A person made a key that takes the place of another; the line of the same request says whose key asked.',
  'key.changed':
    'A person changed the name or the limits of an API key; the line of the same request says whose key asked.',
  'key.revoked': 'A person ended an API key; the line of the same request says whose key asked.',
  'session.opened': 'A person signed in to the dashboard with an API key.',
  'session.refused': 'Somebody tried to sign in to the dashboard and was refused.',
  'session.ended': 'A person signed out of the dashboard.',

  // Polling
  'poll.failed': 'A provider could not be asked; the next poll is later.',
  'poll.unrecognised_status': 'A provider used a status word that we do not know; polled on.',
  'poll.deadline': 'A task was not ready in time.',

  // Results
  'artifact.archived': 'The bytes of a result were stored, before anything in them was read.',
  'artifact.download_failed': 'A result could not be downloaded; a fresh address is asked for.',
  'artifact.parsed': 'A result was read and compared with the numbers of its chunk.',
  'artifact.quarantined': 'A result, or rows of it, is not what was asked for and was set aside.',

  // Sweeps
  'sweep.rang': 'The rescue sweep found work that was due and rang for it.',
  'sweep.expired': 'The sweep ended leases of workers that are gone.',
  'sweep.pruned': 'What is older than its retention was dropped.',
  'sweep.failed': 'A sweep did not finish; the next one tries again.',

  // Queue
  'queue.opened': 'The queues are open, on the backend named.',
  'queue.refused': 'Redis may not be used as it is configured; nothing is rung or consumed.',
  'queue.error':
    'The queue backend complained, or a doorbell could not be rung; the sweep will ring.',
  'queue.stalled': 'The queue gave a doorbell up because its worker died or slept.',
  'queue.abandoned': 'A stop ran out of time.',
  'stage.failed': 'A stage threw; the state in Postgres is what it was, and the sweep will ring.',

  // Processes
  'metrics.not_read':
    'Postgres or the queue did not answer for a scrape; their metrics were left out.',
  'http.request': 'An HTTP request was answered.',
  'http.failed': 'An HTTP request ended in an error of ours.',
  'http.listening': 'A server takes requests.',
  'api.started': 'The API process is up.',
  'api.stopped': 'The API process stopped in order.',
  'worker.started': 'A worker process is up, with the stages named.',
  'worker.stopping': 'A worker was told to stop and finishes what it holds.',
  'readers.not_prepared':
    'What processes that read result files start from could not be made: each starts from the text of its modules, which takes longer.',
  'worker.stuck':
    'A worker was alive and processed nothing of what was due; it ends, to be started again.',
  'worker.stopped':
    'A worker process stopped; in order, unless the reason says that something in hand was cut short.',
  'disk.full':
    'The temporary directory or Postgres has no space left: results wait, with no try counted, until there is room; of the API, an upload was refused.',
  'database.error': 'A database connection was lost or refused.',
  'config.refused': 'The configuration cannot be used.',
  'process.armed':
    'ROLLCALL_CRASH_AT is set: this process kills or stops itself at the place named. For tests only; unset it.',
  'process.failed': 'A process ends because of an error that nobody expected.',

  // The log itself
  'log.unrecognised_event': 'Code without types asked for an event that is not in this list.',
} as const;

export type EventName = keyof typeof eventMeanings;
