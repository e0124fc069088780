-- Replays: a kept result file is read again, for free, and the rows before and after are shown side by side. Each stays for ever, also
-- one that changed nothing.

CREATE TABLE store.replays (
  id                  text PRIMARY KEY CHECK (id LIKE 'rpl\_%'),
  replay_no           integer GENERATED ALWAYS AS IDENTITY UNIQUE,
  tenant_id           integer NOT NULL REFERENCES store.tenants,
  job_no              integer NOT NULL REFERENCES store.jobs (job_no),
  chunk_id            text NOT NULL REFERENCES store.chunks,
  -- The file that is read: the one that the chunk had when it was asked.
  artifact_id         text NOT NULL REFERENCES store.artifacts,
  mode                text NOT NULL CHECK (mode IN ('compare','correct','release')),
  asked_by            text NOT NULL CHECK (length(asked_by) BETWEEN 1 AND 300),
  why                 text NOT NULL CHECK (length(why) BETWEEN 1 AND 2000),
  state               text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting','running','done','failed')),
  fence               integer NOT NULL DEFAULT 0,
  tries               integer NOT NULL DEFAULT 0,
  -- When a worker should look, or its lease ends. Null: closed, or a release, which its chunk moves.
  due_at              timestamptz,
  rung_at             timestamptz,
  -- Stable code of why it failed, in the words of held chunks.
  failure             text,
  -- How the file was read.
  semantics           text CHECK (semantics IN ('table','positives_only','negatives_only')),
  rows_before         integer CHECK (rows_before >= 0),
  rows_after          integer CHECK (rows_after >= 0),
  unchanged           integer CHECK (unchanged >= 0),
  attributes_changed  integer CHECK (attributes_changed >= 0),
  -- [{"from": "missing", "to": "registered", "numbers": 3}]; from is null where there was no row.
  outcomes_changed    jsonb,
  created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_at          timestamptz,
  finished_at         timestamptz,
  CONSTRAINT finished_when_final CHECK ((state IN ('done','failed')) = (finished_at IS NOT NULL)),
  CONSTRAINT only_failed_has_a_failure CHECK ((state = 'failed') = (failure IS NOT NULL)),
  CONSTRAINT done_has_its_difference CHECK (state <> 'done' OR
    (semantics IS NOT NULL AND rows_before IS NOT NULL AND rows_after IS NOT NULL AND unchanged IS NOT NULL AND attributes_changed IS NOT NULL AND outcomes_changed IS NOT NULL)),
  CONSTRAINT due_while_open CHECK ((due_at IS NOT NULL) = (state IN ('waiting','running') AND mode <> 'release')),
  CONSTRAINT releases_are_moved_by_their_chunk CHECK (mode <> 'release' OR state <> 'running')
);
CREATE UNIQUE INDEX one_open_replay ON store.replays (chunk_id) WHERE state IN ('waiting','running');
CREATE INDEX replays_due ON store.replays (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX replays_by_job ON store.replays (job_no, replay_no);

-- What was asked, by whom and why never changes, and what came of it is written once.
CREATE FUNCTION store.guard_replays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'replays are never deleted' USING ERRCODE = 'check_violation', CONSTRAINT = 'replays_are_kept';
  END IF;
  IF OLD.state IN ('done','failed') THEN
    RAISE EXCEPTION 'a replay that has ended does not change' USING ERRCODE = 'check_violation', CONSTRAINT = 'ended_replays';
  END IF;
  IF (NEW.id, NEW.tenant_id, NEW.job_no, NEW.chunk_id, NEW.artifact_id, NEW.mode, NEW.asked_by, NEW.why, NEW.created_at) IS DISTINCT FROM
     (OLD.id, OLD.tenant_id, OLD.job_no, OLD.chunk_id, OLD.artifact_id, OLD.mode, OLD.asked_by, OLD.why, OLD.created_at) THEN
    RAISE EXCEPTION 'the facts of a replay do not change' USING ERRCODE = 'check_violation', CONSTRAINT = 'replay_facts';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_replays BEFORE UPDATE OR DELETE ON store.replays FOR EACH ROW EXECUTE FUNCTION store.guard_replays();

-- A released chunk that is held again, by whichever statement: its release has failed, for the same reason.
CREATE FUNCTION store.fail_release() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE store.replays SET state = 'failed', failure = COALESCE(NEW.held_detail, NEW.reason, 'polled_again'), finished_at = clock_timestamp()
   WHERE chunk_id = NEW.id AND mode = 'release' AND state = 'waiting';
  RETURN NULL;
END $$;
CREATE TRIGGER fail_release AFTER UPDATE OF state ON store.chunks FOR EACH ROW
  WHEN (OLD.state = 'ingesting' AND NEW.state IN ('held','polling')) EXECUTE FUNCTION store.fail_release();

-- Rows that a replay found to be others than they were. Of a release that is every row, since there was none.
CREATE TABLE store.replayed_rows (
  job_day          date NOT NULL,
  tenant_id        integer NOT NULL,
  replay_no        integer NOT NULL,
  number           bigint NOT NULL,
  from_outcome     text,
  to_outcome       text NOT NULL,
  from_attributes  jsonb,
  to_attributes    jsonb,
  PRIMARY KEY (replay_no, number, job_day)
) PARTITION BY RANGE (job_day);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON store.replayed_rows FOR EACH ROW EXECUTE FUNCTION store.refuse_change();

-- As in 0001, with one table more.
CREATE OR REPLACE FUNCTION store.ensure_month(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  month_start date := date_trunc('month', day)::date;
  month_end   date := (date_trunc('month', day) + interval '1 month')::date;
  parent      text;
  child       text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['job_numbers','rejects','results','quarantined_rows','replayed_rows','blobs','blob_parts'] LOOP
    child := format('%s_%s', parent, to_char(month_start, 'YYYYMM'));
    CONTINUE WHEN to_regclass('store.' || child) IS NOT NULL;
    PERFORM pg_advisory_xact_lock(hashtext('store.ensure_month'));
    -- Not to_regclass: it remembers that nothing was there, and an advisory lock does not make it look again.
    CONTINUE WHEN EXISTS (SELECT FROM pg_class WHERE relnamespace = 'store'::regnamespace AND relname = child);
    EXECUTE format('CREATE TABLE store.%I (LIKE store.%I INCLUDING ALL)', child, parent);
    EXECUTE format('ALTER TABLE store.%I ATTACH PARTITION store.%I FOR VALUES FROM (%L) TO (%L)', parent, child, month_start, month_end);
  END LOOP;
END $$;
-- Every month that has results may have a replay.
SELECT store.ensure_month(to_date(right(c.relname, 6), 'YYYYMM'))
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'store.results'::regclass;

-- When rows of a chunk were last corrected; null: they are as they were first written.
ALTER TABLE store.chunks ADD COLUMN replayed_at timestamptz;

-- The latest answer, as before, and besides: where rows were corrected, a retry may have asked a number that has an answer now. What the
-- retry was told, for money, is still the later one.
CREATE OR REPLACE VIEW rollcall.latest_results AS
SELECT j.id AS job_id, j.check_name, '+' || r.number::text AS number,
       COALESCE(again.outcome, r.outcome) AS outcome,
       CASE WHEN again.job_id IS NULL THEN r.attributes ELSE again.attributes END AS attributes,
       COALESCE(again.account, c.account) AS account,
       CASE WHEN COALESCE(again.chunk_state, c.state) = 'done' THEN 'provider' ELSE 'rollcall' END AS source,
       COALESCE(CASE WHEN again.job_id IS NULL THEN c.cost_per_number ELSE again.cost_per_number END, 0) AS cost,
       COALESCE(again.closed_at, c.closed_at) AS checked_at,
       COALESCE(again.job_id, j.id) AS answered_by
  FROM store.jobs j
  JOIN store.results r ON r.job_no = j.job_no AND r.job_day = j.job_day
 CROSS JOIN LATERAL (
    SELECT k.account, k.state, k.cost_per_number, k.closed_at, k.replayed_at
      FROM store.chunks k WHERE k.job_no = r.job_no AND k.chunk_no = r.chunk_no OFFSET 0) c
  LEFT JOIN LATERAL (
    SELECT l.job_id, l.outcome, l.attributes, xc.account, xc.state AS chunk_state, xc.cost_per_number, xc.closed_at
      FROM (
        SELECT t.id AS job_id, t.job_no, x.chunk_no, x.outcome, x.attributes
          FROM store.jobs t
         CROSS JOIN LATERAL (
            SELECT y.chunk_no, y.outcome, y.attributes FROM store.results y
             WHERE y.job_no = t.job_no AND y.job_day = t.job_day AND y.number = r.number OFFSET 0) x
         WHERE t.retry_root = j.id AND (r.outcome IN ('failed', 'missing') OR c.replayed_at IS NOT NULL)
           AND store.answer_rank(x.outcome) <= store.answer_rank(r.outcome)
         ORDER BY store.answer_rank(x.outcome), t.job_no DESC
         LIMIT 1) l
      JOIN store.chunks xc ON xc.job_no = l.job_no AND xc.chunk_no = l.chunk_no) again ON true
 WHERE j.retry_root IS NULL;

CREATE VIEW rollcall.replays AS
SELECT p.id AS replay_id, j.id AS job_id, p.chunk_id, j.check_name, c.account, p.mode, p.state, p.asked_by, p.why AS reason, p.failure, p.semantics,
       p.rows_before, p.rows_after, p.unchanged, p.attributes_changed, p.outcomes_changed, p.created_at, p.finished_at
  FROM store.replays p
  JOIN store.jobs j ON j.job_no = p.job_no
  JOIN store.chunks c ON c.id = p.chunk_id;

COMMENT ON VIEW rollcall.replays IS 'One row each time that a kept result file was read again: by whom, why, and what came of it.';
COMMENT ON COLUMN rollcall.replays.replay_id IS 'Id of the replay, as the API shows it.';
COMMENT ON COLUMN rollcall.replays.job_id IS 'Id of the job.';
COMMENT ON COLUMN rollcall.replays.chunk_id IS 'Id of the chunk whose file it is.';
COMMENT ON COLUMN rollcall.replays.check_name IS 'What was asked, e.g. whatsapp.';
COMMENT ON COLUMN rollcall.replays.account IS 'Account whose settings say how the file is read.';
COMMENT ON COLUMN rollcall.replays.mode IS 'compare: nothing was changed. correct: rows were replaced. release: a held chunk went on with its file.';
COMMENT ON COLUMN rollcall.replays.state IS 'waiting, running, done or failed.';
COMMENT ON COLUMN rollcall.replays.asked_by IS 'Id and name of the API key that asked.';
COMMENT ON COLUMN rollcall.replays.reason IS 'Why, in the words of who asked.';
COMMENT ON COLUMN rollcall.replays.failure IS 'Stable code of why it failed, e.g. not_this_chunk, artifact_gone; null where it did not. Rows were not touched then.';
COMMENT ON COLUMN rollcall.replays.semantics IS 'How the file was read: table, positives_only or negatives_only; null until it was.';
COMMENT ON COLUMN rollcall.replays.rows_before IS 'Rows that the chunk had before; 0 where it was held.';
COMMENT ON COLUMN rollcall.replays.rows_after IS 'Rows that it has, or would have, after it.';
COMMENT ON COLUMN rollcall.replays.unchanged IS 'Rows that are the same before and after.';
COMMENT ON COLUMN rollcall.replays.attributes_changed IS 'Rows with the same outcome and other attributes.';
COMMENT ON COLUMN rollcall.replays.outcomes_changed IS 'Rows with another outcome, counted by what it was (null: no row) and is: [{"from", "to", "numbers"}].';
COMMENT ON COLUMN rollcall.replays.created_at IS 'When it was asked for.';
COMMENT ON COLUMN rollcall.replays.finished_at IS 'When it was done or had failed; null while it is neither.';

CREATE VIEW rollcall.replayed_rows AS
SELECT p.id AS replay_id, '+' || r.number::text AS number, r.from_outcome AS outcome_before, r.to_outcome AS outcome_after,
       r.from_attributes AS attributes_before, r.to_attributes AS attributes_after
  FROM store.replays p
  JOIN store.jobs j ON j.job_no = p.job_no
  JOIN store.replayed_rows r ON r.replay_no = p.replay_no AND r.job_day = j.job_day;

COMMENT ON VIEW rollcall.replayed_rows IS 'The rows that a replay found to be others than they were.';
COMMENT ON COLUMN rollcall.replayed_rows.replay_id IS 'Id of the replay.';
COMMENT ON COLUMN rollcall.replayed_rows.number IS 'The number, as +E.164.';
COMMENT ON COLUMN rollcall.replayed_rows.outcome_before IS 'Outcome before; null where there was no row.';
COMMENT ON COLUMN rollcall.replayed_rows.outcome_after IS 'Outcome that the file gives now.';
COMMENT ON COLUMN rollcall.replayed_rows.attributes_before IS 'Further columns of the provider''s table before; null where it had none.';
COMMENT ON COLUMN rollcall.replayed_rows.attributes_after IS 'Further columns as the file gives them now.';

COMMENT ON COLUMN rollcall.results.checked_at IS 'When the answer was first written; a replay of the kept file asks nobody and leaves it.';
