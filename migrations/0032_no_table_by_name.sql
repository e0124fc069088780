-- People read the views, and no table of `store`: a view asks for rights to its tables and none to their schema, which only whoever writes a name out needs. Beside what
-- the views show, the tables let a reader guess: `EXPLAIN ANALYZE` of one row by a job's number and a phone number tells whether another tenant's job has it.
REVOKE USAGE ON SCHEMA store FROM rollcall_analyst;

-- As in 0028, with its names looked up now and not by whoever calls it.
CREATE OR REPLACE FUNCTION rollcall.audit(job_id text)
RETURNS TABLE (lines bigint, accepted bigint, duplicates bigint, rejected bigint,
               reject_rows bigint, number_rows bigint, result_rows bigint, counted_outcomes bigint,
               pending bigint, chunk_numbers bigint, lines_ok boolean, numbers_ok boolean, ok boolean, erased bigint)
LANGUAGE sql STABLE BEGIN ATOMIC
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
    FROM sums s;
END;
