-- The breaker counts what an upload was, not what a person decided of it since: one that is paid for again stays an upload that ended unknown.
CREATE INDEX attempts_ended_unknown ON store.attempts (account, settled_at)
  WHERE outcome IN ('unknown','written_off','not_charged') AND task_id IS NULL;
