/**
 * What the storm adds to a database to see who did what: a row for every change of a chunk's state or fence, every poll of it (neither
 * changes), every change of an
 * attempt's outcome, in the order in which they happened; the range that a chunk was cut to, which an erasure changes; and when an upload was begun. Each worker has a role of its own. Nothing of Rollcall reads it.
 */
export const watchSql = `
CREATE SCHEMA storm;
CREATE TABLE storm.journal (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Where a process is only one step, which of its role's it was.
  who         text NOT NULL DEFAULT concat_ws('/', session_user, NULLIF(current_setting('storm.life', true), '')),
  subject     text NOT NULL,
  chunk_id    text,
  account     text,
  attempt_id  text,
  from_state  text,
  to_state    text NOT NULL,
  from_fence  integer,
  to_fence    integer,
  -- The end of the lease, or whatever the row waited for before the change.
  was_due_at  timestamptz,
  reason      text,
  -- A number of the chunk was erased by the same change.
  erases      boolean NOT NULL DEFAULT false
);
CREATE TABLE storm.cuts (
  chunk_id      text PRIMARY KEY,
  first_number  bigint NOT NULL,
  last_number   bigint NOT NULL
);
CREATE TABLE storm.begun (
  attempt_id  text PRIMARY KEY,
  -- When the last look before the first byte began: what was committed before that, it saw.
  at          timestamptz NOT NULL
);
CREATE FUNCTION storm.watch_chunk() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO storm.journal (subject, chunk_id, attempt_id, from_state, to_state, from_fence, to_fence, was_due_at, reason, erases)
  VALUES ('chunk', NEW.id, NEW.attempt_id, OLD.state, NEW.state, OLD.fence, NEW.fence, OLD.due_at,
          concat_ws(': ', NEW.reason, NEW.held_detail), COALESCE(NEW.erased > OLD.erased, false));
  IF TG_OP = 'INSERT' THEN INSERT INTO storm.cuts VALUES (NEW.id, NEW.first_number, NEW.last_number); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER storm_watch_new AFTER INSERT ON store.chunks FOR EACH ROW EXECUTE FUNCTION storm.watch_chunk();
CREATE TRIGGER storm_watch AFTER UPDATE ON store.chunks FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.fence IS DISTINCT FROM NEW.fence OR OLD.polls < NEW.polls) EXECUTE FUNCTION storm.watch_chunk();
CREATE FUNCTION storm.watch_attempt() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO storm.journal (subject, chunk_id, attempt_id, from_state, to_state, to_fence, reason)
  VALUES ('attempt', NEW.chunk_id, NEW.id, OLD.outcome, NEW.outcome, NEW.fence, concat_ws(': ', NEW.outcome_reason, NEW.task_id));
  RETURN NULL;
END $$;
CREATE TRIGGER storm_watch_new AFTER INSERT ON store.attempts FOR EACH ROW EXECUTE FUNCTION storm.watch_attempt();
CREATE TRIGGER storm_watch AFTER UPDATE ON store.attempts FOR EACH ROW
  WHEN (OLD.outcome IS DISTINCT FROM NEW.outcome) EXECUTE FUNCTION storm.watch_attempt();
CREATE FUNCTION storm.watch_begun() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO storm.begun VALUES (NEW.id, transaction_timestamp()) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER storm_watch_begun AFTER UPDATE ON store.attempts FOR EACH ROW
  WHEN (OLD.sent_sha256 IS NULL AND NEW.sent_sha256 IS NOT NULL) EXECUTE FUNCTION storm.watch_begun();
CREATE FUNCTION storm.watch_account() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO storm.journal (subject, account, from_state, to_state, reason)
  VALUES ('account', NEW.account, OLD.breaker_state, NEW.breaker_state, 'reset');
  RETURN NULL;
END $$;
CREATE TRIGGER storm_watch AFTER UPDATE ON store.account_states FOR EACH ROW
  WHEN (OLD.breaker_reset_at IS DISTINCT FROM NEW.breaker_reset_at) EXECUTE FUNCTION storm.watch_account();
CREATE FUNCTION storm.watch_ceiling() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE ceiling numeric; spent numeric;
BEGIN
  SELECT max_cost INTO ceiling FROM store.jobs WHERE job_no = NEW.job_no;
  SELECT sum(CASE entry WHEN 'reserve' THEN amount ELSE -amount END) INTO spent FROM store.ledger WHERE job_no = NEW.job_no AND entry IN ('reserve', 'release');
  IF spent > ceiling THEN
    INSERT INTO storm.journal (subject, chunk_id, attempt_id, to_state, reason)
    SELECT 'ceiling', chunk_id, id, 'reserved', format('%s of the ceiling %s is reserved', spent, ceiling) FROM store.attempts WHERE id = NEW.attempt_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER storm_watch AFTER INSERT ON store.ledger FOR EACH ROW WHEN (NEW.entry = 'reserve') EXECUTE FUNCTION storm.watch_ceiling();
`;
