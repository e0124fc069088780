/** Tables of `store` that belong to no tenant, and why. Every other one has a `tenant_id` and its policies; a test holds the catalogue to this list. */
export const tablesWithoutTenant: Readonly<Record<string, string>> = {
  account_days: 'what accounts reserved by day, over all tenants',
  account_states: 'accounts are the installation’s, shared by all tenants',
  balance_looks: 'when an account was asked for its balance',
  chunk_edges: 'the words of a state machine, the same for everybody',
  job_edges: 'the words of a state machine, the same for everybody',
  learned_limits: 'what a provider taught of its limits, by account',
  sums_audits: 'on which days sums over all tenants were counted anew',
  suppression_secrets: 'which secrets the lists were made under, and not the secrets',
  task_times: 'how long a provider takes for a task, by account; of no job',
  tenants: 'the tenants themselves: a policy on `id` shows each its own row',
};

/**
 * Functions that run with the rights of the tables' owner, whom policies let see every tenant, and what comes through each. Whoever may call one walks past the
 * walls by as much; a test holds the catalogue to this list.
 */
export const waysThroughTheWalls: Readonly<Record<string, string>> = {
  analyse_rows: 'nothing; statistics for the planner',
  append_audit: 'nothing; a row of the trail of the tenant that is named, or of the installation',
  begin_drop: 'for workers: whether a month is still needed',
  cut_audit: 'for workers: how many rows went',
  drop_partition: 'for workers: whether a partition went',
  ensure_month: 'nothing; partitions',
  ensure_queue_schema: 'nothing; the owner of the queue’s schema',
  enter_line: 'nothing; that a job waits for a slot',
  give_parts_their_tenant: 'nothing; a trigger',
  is_task_in_use: 'whether a provider’s task is another attempt’s, of whichever tenant',
  line_follows_chunk: 'nothing; a trigger',
  line_follows_job: 'nothing; a trigger',
  reader_tenant: 'the tenant of whoever asks',
  results_of: 'rows of the tenant of whoever asks',
  sum_outcomes: 'nothing; a trigger',
  sum_reservations: 'nothing; a trigger',
  tenant_of_key: 'whose a key is, by its id',
  tenant_of_session: 'whose a session is, by the digest of what only its browser knows',
  uses_of_secret: 'whether a list, or an erased number, of any tenant needs a secret',
  wake_capped_chunk: 'nothing; a chunk of whichever tenant is looked at again',
};
