-- What people query: views, and the audit. A test holds every column to a comment here.

CREATE VIEW rollcall.jobs AS
SELECT j.id AS job_id, j.name, j.check_name, j.account, j.state,
       j.lines, j.accepted, j.duplicates, j.rejected,
       COALESCE(o.answered, 0) AS answered,
       j.accepted - COALESCE(o.answered, 0) AS pending,
       COALESCE(o.registered, 0) AS registered,
       COALESCE(o.not_registered, 0) AS not_registered,
       COALESCE(o.banned, 0) AS banned,
       COALESCE(o.undetermined, 0) AS undetermined,
       COALESCE(o.missing, 0) AS missing,
       COALESCE(o.failed, 0) AS failed,
       COALESCE(o.cancelled, 0) AS cancelled,
       COALESCE(o.suppressed, 0) AS suppressed,
       COALESCE(o.erased, 0) AS erased,
       COALESCE(c.held, 0) AS held_chunks,
       COALESCE(c.blocked, 0) AS blocked_chunks,
       COALESCE(m.committed, 0) AS cost,
       COALESCE(m.reserved, 0) AS reserved,
       COALESCE(m.at_risk, 0) AS at_risk,
       j.currency, j.max_cost, j.purpose, j.requested_by, j.retry_of,
       j.created_at, j.planned_at, j.finished_at
  FROM store.jobs j
  LEFT JOIN LATERAL (
    SELECT sum(numbers)::bigint AS answered,
           sum(numbers) FILTER (WHERE outcome = 'registered')::bigint AS registered,
           sum(numbers) FILTER (WHERE outcome = 'not_registered')::bigint AS not_registered,
           sum(numbers) FILTER (WHERE outcome = 'banned')::bigint AS banned,
           sum(numbers) FILTER (WHERE outcome = 'undetermined')::bigint AS undetermined,
           sum(numbers) FILTER (WHERE outcome = 'missing')::bigint AS missing,
           sum(numbers) FILTER (WHERE outcome = 'failed')::bigint AS failed,
           sum(numbers) FILTER (WHERE outcome = 'cancelled')::bigint AS cancelled,
           sum(numbers) FILTER (WHERE outcome = 'suppressed')::bigint AS suppressed,
           sum(numbers) FILTER (WHERE outcome = 'erased')::bigint AS erased
      FROM store.job_outcomes WHERE job_no = j.job_no) o ON true
  LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE state = 'held') AS held, count(*) FILTER (WHERE state = 'blocked') AS blocked
      FROM store.chunks WHERE job_no = j.job_no) c ON true
  LEFT JOIN LATERAL (
    SELECT sum(amount) FILTER (WHERE place = 'committed') AS committed,
           sum(amount) FILTER (WHERE place = 'reserved') AS reserved,
           sum(amount) FILTER (WHERE place = 'at_risk') AS at_risk
      FROM store.attempt_money WHERE job_no = j.job_no) m ON true
 WHERE j.state <> 'receiving';

COMMENT ON VIEW rollcall.jobs IS 'One row per job: state, counts by outcome, money.';
COMMENT ON COLUMN rollcall.jobs.job_id IS 'Id of the job, as the API shows it.';
COMMENT ON COLUMN rollcall.jobs.name IS 'Name given by the caller, or null.';
COMMENT ON COLUMN rollcall.jobs.check_name IS 'What was asked of every number, e.g. whatsapp.';
COMMENT ON COLUMN rollcall.jobs.account IS 'Account (provider credentials) that answers the job.';
COMMENT ON COLUMN rollcall.jobs.state IS 'planning, running, paused, cancelling, completed, completed_with_errors, cancelled or failed.';
COMMENT ON COLUMN rollcall.jobs.lines IS 'Non-blank lines of the upload, header excluded = accepted + duplicates + rejected.';
COMMENT ON COLUMN rollcall.jobs.accepted IS 'Distinct valid numbers; each ends in exactly one row of rollcall.results.';
COMMENT ON COLUMN rollcall.jobs.duplicates IS 'Lines that repeated a number of the same job.';
COMMENT ON COLUMN rollcall.jobs.rejected IS 'Lines that held no valid number; each is a row of rollcall.rejects.';
COMMENT ON COLUMN rollcall.jobs.answered IS 'Numbers that have their row.';
COMMENT ON COLUMN rollcall.jobs.pending IS 'Numbers that have no row yet.';
COMMENT ON COLUMN rollcall.jobs.registered IS 'Numbers with the outcome registered.';
COMMENT ON COLUMN rollcall.jobs.not_registered IS 'Numbers with the outcome not_registered.';
COMMENT ON COLUMN rollcall.jobs.banned IS 'Numbers with the outcome banned.';
COMMENT ON COLUMN rollcall.jobs.undetermined IS 'Numbers whose answer was unclear or contradictory.';
COMMENT ON COLUMN rollcall.jobs.missing IS 'Numbers for which the provider''s table had no row; not the same as not_registered.';
COMMENT ON COLUMN rollcall.jobs.failed IS 'Numbers that were never answered: their chunk was rejected or given up.';
COMMENT ON COLUMN rollcall.jobs.cancelled IS 'Numbers that were not sent because the job was cancelled.';
COMMENT ON COLUMN rollcall.jobs.suppressed IS 'Numbers that were not sent because they are on the suppression list.';
COMMENT ON COLUMN rollcall.jobs.erased IS 'Numbers erased on request.';
COMMENT ON COLUMN rollcall.jobs.held_chunks IS 'Chunks that wait for a person; see rollcall.held_chunks.';
COMMENT ON COLUMN rollcall.jobs.blocked_chunks IS 'Chunks that wait for a reason to go away, such as no balance.';
COMMENT ON COLUMN rollcall.jobs.cost IS 'Money committed: uploads that the provider accepted, at the configured price.';
COMMENT ON COLUMN rollcall.jobs.reserved IS 'Money reserved for uploads whose outcome is not known yet.';
COMMENT ON COLUMN rollcall.jobs.at_risk IS 'Money of unknown uploads that a person gave up: it may have been charged.';
COMMENT ON COLUMN rollcall.jobs.currency IS 'Currency of all amounts of the job (ISO 4217).';
COMMENT ON COLUMN rollcall.jobs.max_cost IS 'Ceiling on what the job may spend, or null.';
COMMENT ON COLUMN rollcall.jobs.purpose IS 'Why the numbers are checked, as the caller stated.';
COMMENT ON COLUMN rollcall.jobs.requested_by IS 'Who asked for the check, as the caller stated.';
COMMENT ON COLUMN rollcall.jobs.retry_of IS 'Job whose failed and missing numbers this one asks again, or null.';
COMMENT ON COLUMN rollcall.jobs.created_at IS 'When the upload was complete and stored.';
COMMENT ON COLUMN rollcall.jobs.planned_at IS 'When the job was cut into chunks.';
COMMENT ON COLUMN rollcall.jobs.finished_at IS 'When the last number got its row.';

CREATE VIEW rollcall.results AS
SELECT j.id AS job_id, j.check_name, '+' || r.number::text AS number, r.outcome, r.attributes, c.account,
       CASE WHEN c.state = 'done' THEN 'provider' ELSE 'rollcall' END AS source,
       COALESCE(c.cost_per_number, 0) AS cost, c.closed_at AS checked_at
  FROM store.jobs j
  JOIN store.results r ON r.job_no = j.job_no AND r.job_day = j.job_day
  JOIN store.chunks c ON c.job_no = r.job_no AND c.chunk_no = r.chunk_no;

COMMENT ON VIEW rollcall.results IS 'One row per accepted number of a job, once it is answered.';
COMMENT ON COLUMN rollcall.results.job_id IS 'Id of the job, as the API shows it.';
COMMENT ON COLUMN rollcall.results.check_name IS 'What was asked, e.g. whatsapp.';
COMMENT ON COLUMN rollcall.results.number IS 'The number, as +E.164.';
COMMENT ON COLUMN rollcall.results.outcome IS 'registered, not_registered, banned, undetermined, missing, failed, cancelled, suppressed or erased.';
COMMENT ON COLUMN rollcall.results.attributes IS 'Further columns of the provider''s table, as text by lower-case name; null where it had none.';
COMMENT ON COLUMN rollcall.results.account IS 'Account that answered.';
COMMENT ON COLUMN rollcall.results.source IS 'provider: an answer of the provider. rollcall: no answer, the outcome says why.';
COMMENT ON COLUMN rollcall.results.cost IS 'This number''s share of what its upload cost, in the job''s currency.';
COMMENT ON COLUMN rollcall.results.checked_at IS 'When the row was written.';

CREATE VIEW rollcall.rejects AS
SELECT j.id AS job_id, r.line_no AS line, r.reason, r.raw
  FROM store.jobs j
  JOIN store.rejects r ON r.job_no = j.job_no AND r.job_day = j.job_day;

COMMENT ON VIEW rollcall.rejects IS 'One row per line of an upload that held no valid number.';
COMMENT ON COLUMN rollcall.rejects.job_id IS 'Id of the job, as the API shows it.';
COMMENT ON COLUMN rollcall.rejects.line IS 'Line of the upload: non-blank records, counted from 1, header excluded; a quoted newline does not end one.';
COMMENT ON COLUMN rollcall.rejects.reason IS 'Stable code: not_a_number, too_short, too_long, unknown_country, ...';
COMMENT ON COLUMN rollcall.rejects.raw IS 'What stood there, cut to 200 characters.';

CREATE VIEW rollcall.spend AS
SELECT (m.reserved_at AT TIME ZONE 'UTC')::date AS day, m.account, j.check_name, m.currency,
       count(*) AS uploads,
       COALESCE(sum(m.amount) FILTER (WHERE m.place = 'committed'), 0) AS committed,
       COALESCE(sum(m.amount) FILTER (WHERE m.place = 'reserved'), 0) AS reserved,
       COALESCE(sum(m.amount) FILTER (WHERE m.place = 'released'), 0) AS released,
       COALESCE(sum(m.amount) FILTER (WHERE m.place = 'at_risk'), 0) AS at_risk,
       COALESCE(sum(m.amount) FILTER (WHERE m.place = 'written_off'), 0) AS written_off,
       sum(m.provider_estimated) AS provider_estimated,
       sum(m.provider_actual) AS provider_actual
  FROM store.attempt_money m
  JOIN store.jobs j ON j.job_no = m.job_no
 GROUP BY 1, 2, 3, 4;

COMMENT ON VIEW rollcall.spend IS 'Money by day, account and check, from the ledger.';
COMMENT ON COLUMN rollcall.spend.day IS 'UTC day on which the money was reserved.';
COMMENT ON COLUMN rollcall.spend.account IS 'Account that was or would be charged.';
COMMENT ON COLUMN rollcall.spend.check_name IS 'What was asked.';
COMMENT ON COLUMN rollcall.spend.currency IS 'Currency of the amounts (ISO 4217).';
COMMENT ON COLUMN rollcall.spend.uploads IS 'Attempts at an upload, sent or not.';
COMMENT ON COLUMN rollcall.spend.committed IS 'Uploads that the provider accepted, at the configured price.';
COMMENT ON COLUMN rollcall.spend.reserved IS 'Uploads whose outcome is not known (yet).';
COMMENT ON COLUMN rollcall.spend.released IS 'Uploads that were not sent, or refused for free.';
COMMENT ON COLUMN rollcall.spend.at_risk IS 'Unknown uploads that a person gave up: they may have been charged.';
COMMENT ON COLUMN rollcall.spend.written_off IS 'Uploads that a person wrote off before paying again.';
COMMENT ON COLUMN rollcall.spend.provider_estimated IS 'Sum of the provider''s own estimates, where it gave any.';
COMMENT ON COLUMN rollcall.spend.provider_actual IS 'Sum of what the provider says it charged, where it said so.';

CREATE VIEW rollcall.held_chunks AS
SELECT c.id AS chunk_id, j.id AS job_id, c.account, j.check_name, c.numbers, c.reason,
       COALESCE(c.held_detail, a.outcome_reason) AS detail,
       a.id AS attempt_id, a.task_id, a.outcome AS attempt_outcome,
       a.amount AS money_at_risk, a.currency, c.changed_at AS held_since
  FROM store.chunks c
  JOIN store.jobs j ON j.job_no = c.job_no
  JOIN store.attempts a ON a.id = c.attempt_id
 WHERE c.state = 'held';

COMMENT ON VIEW rollcall.held_chunks IS 'Chunks that wait for a person, with the money that is in doubt.';
COMMENT ON COLUMN rollcall.held_chunks.chunk_id IS 'Id of the chunk.';
COMMENT ON COLUMN rollcall.held_chunks.job_id IS 'Id of its job.';
COMMENT ON COLUMN rollcall.held_chunks.account IS 'Account that it was sent to.';
COMMENT ON COLUMN rollcall.held_chunks.check_name IS 'What was asked.';
COMMENT ON COLUMN rollcall.held_chunks.numbers IS 'How many numbers it holds.';
COMMENT ON COLUMN rollcall.held_chunks.reason IS 'unknown: it may have been charged. upstream_failed, poll, artifact: it was charged.';
COMMENT ON COLUMN rollcall.held_chunks.detail IS 'Stable code of what happened, e.g. connection_lost, worker_died, count_in_doubt.';
COMMENT ON COLUMN rollcall.held_chunks.attempt_id IS 'The attempt whose money is in doubt; its evidence is in store.evidence.';
COMMENT ON COLUMN rollcall.held_chunks.task_id IS 'The provider''s task, where one is known.';
COMMENT ON COLUMN rollcall.held_chunks.attempt_outcome IS 'accepted, or unknown.';
COMMENT ON COLUMN rollcall.held_chunks.money_at_risk IS 'What the attempt cost or may have cost.';
COMMENT ON COLUMN rollcall.held_chunks.currency IS 'Currency of that amount.';
COMMENT ON COLUMN rollcall.held_chunks.held_since IS 'Since when it waits.';

-- The two sums of every job, counted from the rows themselves and not from any counter.
CREATE FUNCTION rollcall.audit(job_id text)
RETURNS TABLE (lines bigint, accepted bigint, duplicates bigint, rejected bigint,
               reject_rows bigint, number_rows bigint, result_rows bigint, counted_outcomes bigint,
               pending bigint, chunk_numbers bigint, lines_ok boolean, numbers_ok boolean, ok boolean)
LANGUAGE sql STABLE AS $$
  WITH job AS (SELECT * FROM store.jobs j WHERE j.id = audit.job_id),
  counts AS (
    SELECT job.*,
      (SELECT count(*) FROM store.rejects r WHERE r.job_no = job.job_no AND r.job_day = job.job_day) AS reject_rows,
      (SELECT count(*) FROM store.job_numbers n WHERE n.job_no = job.job_no AND n.job_day = job.job_day) AS number_rows,
      (SELECT count(*) FROM store.results r WHERE r.job_no = job.job_no AND r.job_day = job.job_day) AS result_rows,
      (SELECT COALESCE(sum(o.numbers), 0)::bigint FROM store.job_outcomes o WHERE o.job_no = job.job_no) AS counted_outcomes,
      (SELECT COALESCE(sum(c.numbers), 0)::bigint FROM store.chunks c WHERE c.job_no = job.job_no
          AND c.state NOT IN ('done','rejected','failed','cancelled','superseded')) AS pending_in_chunks,
      (SELECT COALESCE(sum(c.numbers), 0)::bigint FROM store.chunks c WHERE c.job_no = job.job_no AND c.state <> 'superseded') AS chunk_numbers
    FROM job),
  sums AS (
    SELECT c.*, c.accepted - c.result_rows AS pending_numbers,
      c.lines = c.accepted + c.duplicates + c.rejected AND c.reject_rows = c.rejected AND c.number_rows = c.accepted AS lines_hold,
      c.result_rows = c.counted_outcomes
        AND (c.planned_at IS NULL OR (c.chunk_numbers = c.accepted AND c.accepted = c.result_rows + c.pending_in_chunks))
        AND (c.finished_at IS NULL OR c.accepted = c.result_rows) AS numbers_hold
    FROM counts c)
  SELECT s.lines, s.accepted, s.duplicates, s.rejected, s.reject_rows, s.number_rows, s.result_rows, s.counted_outcomes,
         s.pending_numbers, s.chunk_numbers, s.lines_hold, s.numbers_hold, s.lines_hold AND s.numbers_hold
    FROM sums s
$$;
COMMENT ON FUNCTION rollcall.audit(text) IS 'lines = accepted + duplicates + rejects, and accepted = the sum of all outcomes (+ pending), counted from the rows.';
