-- How long rows are kept is said in packages/db/retention.ts, table by table. Tables with a row per number go by whole months of the job's day.

ALTER TABLE store.jobs
  -- When its numbers, rejects and results were dropped, and when its upload and its result files were: what is left is counts and money.
  ADD COLUMN rows_dropped_at   timestamptz,
  ADD COLUMN files_dropped_at  timestamptz,
  ADD CONSTRAINT only_closed_jobs_are_dropped CHECK (finished_at IS NOT NULL OR (rows_dropped_at IS NULL AND files_dropped_at IS NULL)),
  ADD CONSTRAINT files_go_before_rows CHECK (rows_dropped_at IS NULL OR files_dropped_at IS NOT NULL);
CREATE INDEX jobs_by_day ON store.jobs (job_day);

-- Marks the jobs of a month as dropped, before anything is, and takes what they say of single numbers: `marked`; `needed`, where a job of it is open or held, or a replay or a retry
-- of it is not done; `busy`, where somebody has one of them in hand.
CREATE FUNCTION store.begin_drop(kind text, of_month date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '150ms' AS $$
DECLARE
  first_day  constant date := date_trunc('month', of_month)::date;
  next_month constant date := (date_trunc('month', of_month) + interval '1 month')::date;
BEGIN
  IF kind NOT IN ('rows', 'files') THEN RAISE EXCEPTION 'rows or files'; END IF;
  -- Whatever it is told: nothing of the last month goes.
  IF next_month + interval '1 month' > (now() AT TIME ZONE 'UTC')::date THEN
    RAISE EXCEPTION 'the month of % is too young to be dropped', first_day USING ERRCODE = 'check_violation', CONSTRAINT = 'dropped_months_are_old';
  END IF;
  IF EXISTS (SELECT FROM store.jobs j WHERE j.job_day >= first_day AND j.job_day < next_month AND j.finished_at IS NULL)
     OR EXISTS (SELECT FROM store.replays p JOIN store.jobs j ON j.job_no = p.job_no
                 WHERE j.job_day >= first_day AND j.job_day < next_month AND p.state IN ('waiting', 'running'))
     OR EXISTS (SELECT FROM store.jobs t JOIN store.jobs j ON j.id = t.retry_root OR j.retry_root = t.retry_root
                 WHERE t.retry_root IS NOT NULL AND t.finished_at IS NULL AND j.job_day >= first_day AND j.job_day < next_month) THEN
    RETURN 'needed';
  END IF;
  UPDATE store.jobs j SET files_dropped_at = COALESCE(j.files_dropped_at, now()),
                          rows_dropped_at = CASE kind WHEN 'rows' THEN COALESCE(j.rows_dropped_at, now()) ELSE j.rows_dropped_at END
   WHERE j.job_day >= first_day AND j.job_day < next_month
     AND (j.files_dropped_at IS NULL OR (kind = 'rows' AND j.rows_dropped_at IS NULL));
  -- A range names two numbers, and the hash of an upload of one number is found by trying all.
  IF kind = 'rows' THEN
    UPDATE store.chunks c SET first_number = -c.chunk_no, last_number = -c.chunk_no FROM store.jobs j
     WHERE j.job_day >= first_day AND j.job_day < next_month AND c.job_no = j.job_no AND c.last_number > 0;
    UPDATE store.attempts a SET sent_sha256 = NULL FROM store.jobs j JOIN store.chunks c ON c.job_no = j.job_no
     WHERE j.job_day >= first_day AND j.job_day < next_month AND a.chunk_id = c.id AND a.sent_sha256 IS NOT NULL;
  END IF;
  RETURN 'marked';
EXCEPTION
  WHEN lock_not_available THEN RETURN 'busy';
END $$;

-- Drops one partition of a month that was marked. It waits 150 ms for its lock, which everybody behind it waits too, and no longer: `busy`.
CREATE FUNCTION store.drop_partition(parent text, of_month date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '150ms' AS $$
DECLARE
  first_day  constant date := date_trunc('month', of_month)::date;
  next_month constant date := (date_trunc('month', of_month) + interval '1 month')::date;
  child      constant text := format('%s_%s', parent, to_char(first_day, 'YYYYMM'));
  is_file    constant boolean := parent IN ('blobs', 'blob_parts');
BEGIN
  IF NOT EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
                  WHERE p.relnamespace = 'store'::regnamespace AND c.relnamespace = 'store'::regnamespace AND p.relname = parent AND c.relname = child) THEN
    RETURN 'gone';
  END IF;
  IF EXISTS (SELECT FROM store.jobs j WHERE j.job_day >= first_day AND j.job_day < next_month
                AND CASE WHEN is_file THEN j.files_dropped_at ELSE j.rows_dropped_at END IS NULL) THEN
    RETURN 'needed';
  END IF;
  EXECUTE format('ALTER TABLE store.%I DETACH PARTITION store.%I', parent, child);
  EXECUTE format('DROP TABLE store.%I', child);
  RETURN 'dropped';
EXCEPTION
  WHEN lock_not_available THEN RETURN 'busy';
END $$;

-- The months that a table has rows of, the oldest first, as their first days.
CREATE FUNCTION store.kept_months(parent text) RETURNS SETOF date LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT to_date(right(c.relname, 6), 'YYYYMM') FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
   WHERE p.relnamespace = 'store'::regnamespace AND p.relname = parent ORDER BY 1
$$;
GRANT EXECUTE ON FUNCTION store.begin_drop(text, date), store.drop_partition(text, date), store.kept_months(text) TO rollcall_worker;

-- What a provider said goes with the rows of its job; that it was asked, when, and what it cost stays. Evidence is append-only but for this
-- and for erasure, and so are people's own words but for erasure: these say so to the trigger, and the worker alone has the right to.
CREATE FUNCTION store.refuse_change_but_forgetting() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  forgotten constant text[] := CASE WHEN TG_TABLE_NAME IN ('decisions', 'retry_approvals') THEN ARRAY['why']
                                    WHEN TG_TABLE_NAME LIKE 'evidence%' THEN ARRAY['body_excerpt', 'raw_body', 'transport_error'] END;
BEGIN
  IF current_setting('rollcall.forgets', true) = 'on' THEN
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME LIKE 'replayed\_rows%' THEN RETURN OLD; END IF;
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - forgotten = to_jsonb(OLD) - forgotten THEN RETURN NEW; END IF;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
END $$;
DROP TRIGGER append_only ON store.evidence;
CREATE TRIGGER append_only_but_forgetting BEFORE UPDATE OR DELETE ON store.evidence FOR EACH ROW EXECUTE FUNCTION store.refuse_change_but_forgetting();
DROP TRIGGER append_only ON store.replayed_rows;
CREATE TRIGGER append_only_but_forgetting BEFORE UPDATE OR DELETE ON store.replayed_rows FOR EACH ROW EXECUTE FUNCTION store.refuse_change_but_forgetting();
DROP TRIGGER append_only ON store.decisions;
CREATE TRIGGER append_only_but_forgetting BEFORE UPDATE OR DELETE ON store.decisions FOR EACH ROW EXECUTE FUNCTION store.refuse_change_but_forgetting();
DROP TRIGGER append_only ON store.retry_approvals;
CREATE TRIGGER append_only_but_forgetting BEFORE UPDATE OR DELETE ON store.retry_approvals FOR EACH ROW EXECUTE FUNCTION store.refuse_change_but_forgetting();
-- As in 0015, but for why it was asked for.
CREATE OR REPLACE FUNCTION store.guard_replays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'replays are never deleted' USING ERRCODE = 'check_violation', CONSTRAINT = 'replays_are_kept';
  END IF;
  IF current_setting('rollcall.forgets', true) = 'on' AND to_jsonb(NEW) - 'why' = to_jsonb(OLD) - 'why' THEN RETURN NEW; END IF;
  IF OLD.state IN ('done','failed') THEN
    RAISE EXCEPTION 'a replay that has ended does not change' USING ERRCODE = 'check_violation', CONSTRAINT = 'ended_replays';
  END IF;
  IF (NEW.id, NEW.tenant_id, NEW.job_no, NEW.chunk_id, NEW.artifact_id, NEW.mode, NEW.asked_by, NEW.why, NEW.created_at) IS DISTINCT FROM
     (OLD.id, OLD.tenant_id, OLD.job_no, OLD.chunk_id, OLD.artifact_id, OLD.mode, OLD.asked_by, OLD.why, OLD.created_at) THEN
    RAISE EXCEPTION 'the facts of a replay do not change' USING ERRCODE = 'check_violation', CONSTRAINT = 'replay_facts';
  END IF;
  RETURN NEW;
END $$;
GRANT UPDATE (body_excerpt, raw_body, transport_error) ON store.evidence TO rollcall_worker;
GRANT UPDATE (why) ON store.decisions, store.approvals, store.retry_approvals, store.replays TO rollcall_worker;
GRANT DELETE ON store.replayed_rows TO rollcall_worker;
GRANT SELECT, DELETE ON store.hold_batches TO rollcall_worker;
CREATE INDEX evidence_with_text ON store.evidence (id) WHERE body_excerpt IS NOT NULL OR raw_body IS NOT NULL OR transport_error IS NOT NULL;

-- As in 0027, and of a job whose rows were dropped neither sum can be counted any more: null, not false.
CREATE OR REPLACE FUNCTION rollcall.audit(job_id text)
RETURNS TABLE (lines bigint, accepted bigint, duplicates bigint, rejected bigint,
               reject_rows bigint, number_rows bigint, result_rows bigint, counted_outcomes bigint,
               pending bigint, chunk_numbers bigint, lines_ok boolean, numbers_ok boolean, ok boolean, erased bigint)
LANGUAGE sql STABLE AS $$
  WITH job AS (SELECT * FROM store.jobs j WHERE j.id = audit.job_id),
  counts AS (
    SELECT job.*, k.*,
      (SELECT count(*) FROM store.rejects r WHERE r.job_no = job.job_no AND r.job_day = job.job_day) AS reject_rows,
      (SELECT count(*) FROM store.job_numbers n WHERE n.job_no = job.job_no AND n.job_day = job.job_day) AS number_rows,
      (SELECT count(*) FROM store.results r WHERE r.job_no = job.job_no AND r.job_day = job.job_day) AS result_rows,
      (SELECT COALESCE(sum(o.numbers), 0)::bigint FROM store.job_outcomes o WHERE o.job_no = job.job_no) AS counted_outcomes
    FROM job CROSS JOIN LATERAL (
      SELECT COALESCE(sum(c.numbers) FILTER (WHERE c.closed_at IS NULL), 0)::bigint AS pending_in_chunks,
             COALESCE(sum(c.numbers), 0)::bigint AS chunk_numbers,
             COALESCE(sum(c.erased), 0)::bigint AS erased,
             COALESCE(sum(c.erased) FILTER (WHERE c.closed_at IS NOT NULL), 0)::bigint AS erased_after
        FROM store.chunks c WHERE c.job_no = job.job_no AND c.state <> 'superseded') k),
  sums AS (
    SELECT c.*, CASE WHEN c.rows_dropped_at IS NULL THEN c.accepted - c.result_rows - c.erased_after ELSE c.accepted - c.counted_outcomes END AS pending_numbers,
      CASE WHEN c.rows_dropped_at IS NULL THEN
        c.lines = c.accepted + c.duplicates + c.rejected AND c.reject_rows = c.rejected AND c.number_rows + c.erased = c.accepted END AS lines_hold,
      CASE WHEN c.rows_dropped_at IS NULL THEN
        c.result_rows + c.erased_after = c.counted_outcomes
        AND (c.planned_at IS NULL OR (c.chunk_numbers = c.accepted AND c.accepted = c.result_rows + c.erased_after + c.pending_in_chunks))
        AND (c.finished_at IS NULL OR c.accepted = c.result_rows + c.erased_after) END AS numbers_hold
    FROM counts c)
  SELECT s.lines, s.accepted, s.duplicates, s.rejected, s.reject_rows, s.number_rows, s.result_rows, s.counted_outcomes,
         s.pending_numbers, s.chunk_numbers, s.lines_hold, s.numbers_hold, s.lines_hold AND s.numbers_hold, s.erased
    FROM sums s
$$;
COMMENT ON FUNCTION rollcall.audit(text) IS 'lines = accepted + duplicates + rejects, and accepted = the sum of all outcomes (+ pending), counted from the rows; numbers that were erased have none and are counted by themselves. The last words are null where retention dropped the rows.';
GRANT EXECUTE ON FUNCTION rollcall.audit(text) TO rollcall_api, rollcall_worker, rollcall_analyst;
