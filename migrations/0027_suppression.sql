-- Numbers that a tenant must not send any more (Art. 21 of the GDPR). What is kept of one is its HMAC: whoever has the database alone cannot
-- try all phone numbers against it.

-- The secrets that entries were made under, without them: what shows that a process has the same ones.
CREATE TABLE store.suppression_secrets (
  id           text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9_-]{0,31}$'),
  fingerprint  bytea NOT NULL CHECK (length(fingerprint) = 32),
  known_since  timestamptz NOT NULL DEFAULT now()
);

-- A row with every list: whoever changes the list holds it, and its version says whether the list is still the one that numbers were held to.
CREATE TABLE store.suppression_lists (
  tenant_id   integer PRIMARY KEY REFERENCES store.tenants,
  version     bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
  changed_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE store.suppressions (
  tenant_id   integer NOT NULL REFERENCES store.tenants,
  secret_id   text NOT NULL REFERENCES store.suppression_secrets,
  digest      bytea NOT NULL CHECK (length(digest) = 32),
  -- The person objected, or their number was erased and must not come back.
  why         text NOT NULL CHECK (why IN ('objection','erasure')),
  -- Of the list, when it was put there: who held numbers to a version looks at what came since.
  version     bigint NOT NULL CHECK (version >= 1),
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, secret_id, digest)
);
-- Which secrets are in use is asked at every start.
CREATE INDEX suppressions_by_secret ON store.suppressions (secret_id);
CREATE INDEX suppressions_by_version ON store.suppressions (tenant_id, version);

-- Numbers of a job that were on its tenant's list, when it came in or right before their upload: they have or get a row, and are never sent.
CREATE TABLE store.suppressed_numbers (
  job_day    date NOT NULL,
  tenant_id  integer NOT NULL,
  job_no     integer NOT NULL,
  number     bigint NOT NULL,
  PRIMARY KEY (job_no, number, job_day)
) PARTITION BY RANGE (job_day);

ALTER TABLE store.jobs
  -- The version of the list that its numbers were held to when it came in; 0: there was none.
  ADD COLUMN suppression_checked bigint NOT NULL DEFAULT 0 CHECK (suppression_checked >= 0);
ALTER TABLE store.chunks
  -- The same, of what is about to be sent: it is not sent before it was held to what came on the list since.
  ADD COLUMN suppression_checked bigint NOT NULL DEFAULT 0 CHECK (suppression_checked >= 0),
  -- Of its numbers: how many are in store.suppressed_numbers, and how many were erased and are nowhere any more.
  ADD COLUMN suppressed integer NOT NULL DEFAULT 0 CHECK (suppressed >= 0),
  ADD COLUMN erased integer NOT NULL DEFAULT 0 CHECK (erased >= 0),
  ADD CONSTRAINT left_out_of_its_numbers CHECK (suppressed + erased <= numbers);
ALTER TABLE store.attempts
  -- HMAC-free proof of what was sent would give a number back to whoever knows the others, so it goes where one of them is erased.
  ADD COLUMN sent_sha256 bytea CHECK (length(sent_sha256) = 32),
  -- Of the chunk's numbers, how many were left out of this upload, and why: {"suppressed": 2, "erased": 1}.
  ADD COLUMN left_out jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN store.attempts.sent_sha256 IS 'SHA-256 of the numbers that its upload was begun with, as +E.164 in lines that end with a newline; null: it was not begun, or one of them was erased since.';

-- Every month that has numbers may have some that are suppressed.
SELECT store.ensure_month(to_date(right(c.relname, 6), 'YYYYMM'))
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'store.job_numbers'::regclass;

-- The two sums, with numbers that were erased: they are counted, and have no row.
DROP FUNCTION rollcall.audit(text);
CREATE FUNCTION rollcall.audit(job_id text)
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
    SELECT c.*, c.accepted - c.result_rows - c.erased_after AS pending_numbers,
      c.lines = c.accepted + c.duplicates + c.rejected AND c.reject_rows = c.rejected AND c.number_rows + c.erased = c.accepted AS lines_hold,
      c.result_rows + c.erased_after = c.counted_outcomes
        AND (c.planned_at IS NULL OR (c.chunk_numbers = c.accepted AND c.accepted = c.result_rows + c.erased_after + c.pending_in_chunks))
        AND (c.finished_at IS NULL OR c.accepted = c.result_rows + c.erased_after) AS numbers_hold
    FROM counts c)
  SELECT s.lines, s.accepted, s.duplicates, s.rejected, s.reject_rows, s.number_rows, s.result_rows, s.counted_outcomes,
         s.pending_numbers, s.chunk_numbers, s.lines_hold, s.numbers_hold, s.lines_hold AND s.numbers_hold, s.erased
    FROM sums s
$$;
COMMENT ON FUNCTION rollcall.audit(text) IS 'lines = accepted + duplicates + rejects, and accepted = the sum of all outcomes (+ pending), counted from the rows; numbers that were erased have none and are counted by themselves.';

-- What was never sent has no answer of the provider's and no share of the upload's cost, whatever became of its chunk.
CREATE OR REPLACE VIEW rollcall.results AS
SELECT j.id AS job_id, j.check_name, '+' || r.number::text AS number, r.outcome, r.attributes, c.account,
       CASE WHEN c.state = 'done' AND r.outcome <> 'suppressed' THEN 'provider' ELSE 'rollcall' END AS source,
       CASE WHEN r.outcome = 'suppressed' THEN 0 ELSE COALESCE(c.cost_per_number, 0) END AS cost, c.closed_at AS checked_at
  FROM store.jobs j
  JOIN store.results r ON r.job_no = j.job_no AND r.job_day = j.job_day
  JOIN store.chunks c ON c.job_no = r.job_no AND c.chunk_no = r.chunk_no;

CREATE OR REPLACE VIEW rollcall.latest_results AS
SELECT j.id AS job_id, j.check_name, '+' || r.number::text AS number,
       COALESCE(again.outcome, r.outcome) AS outcome,
       CASE WHEN again.job_id IS NULL THEN r.attributes ELSE again.attributes END AS attributes,
       COALESCE(again.account, c.account) AS account,
       CASE WHEN COALESCE(again.chunk_state, c.state) = 'done' AND COALESCE(again.outcome, r.outcome) <> 'suppressed' THEN 'provider' ELSE 'rollcall' END AS source,
       CASE WHEN COALESCE(again.outcome, r.outcome) = 'suppressed' THEN 0
            ELSE COALESCE(CASE WHEN again.job_id IS NULL THEN c.cost_per_number ELSE again.cost_per_number END, 0) END AS cost,
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

SELECT store.enforce_tenant('store.suppressions'), store.enforce_tenant('store.suppression_lists'), store.enforce_tenant('store.suppressed_numbers');
-- It has no tenant, and no secret.
GRANT SELECT, INSERT ON store.suppression_secrets TO rollcall_api, rollcall_worker;
-- Whether an entry of any tenant needs a secret: asked at every start, before anybody speaks for a tenant.
CREATE FUNCTION store.is_secret_in_use(secret text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM store.suppressions WHERE secret_id = secret)
$$;
GRANT EXECUTE ON FUNCTION store.is_secret_in_use(text) TO rollcall_api, rollcall_worker;
GRANT EXECUTE ON FUNCTION rollcall.audit(text) TO rollcall_api, rollcall_worker, rollcall_analyst;
GRANT SELECT (job_no, numbers, state, closed_at, erased) ON store.chunks TO rollcall_analyst;
