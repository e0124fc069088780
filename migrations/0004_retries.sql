-- Retries: a child job asks again what failed or is missing of a closed one, and a view gives the latest answer.

ALTER TABLE store.jobs
  -- The job that began the tree of retries to which this one belongs; null: it is no retry.
  ADD COLUMN retry_root text REFERENCES store.jobs,
  -- Numbers of a retry that were paid for before, or may have been.
  ADD COLUMN may_be_paid bigint NOT NULL DEFAULT 0 CHECK (may_be_paid >= 0),
  ADD CONSTRAINT retries_know_their_first_job CHECK ((retry_of IS NULL) = (retry_root IS NULL)),
  ADD CONSTRAINT only_retries_ask_again CHECK (may_be_paid = 0 OR retry_of IS NOT NULL);
-- One open retry in a tree: two would both ask the same numbers, and both pay.
CREATE UNIQUE INDEX one_open_retry ON store.jobs (retry_root) WHERE retry_root IS NOT NULL AND finished_at IS NULL;
CREATE INDEX jobs_by_retry_root ON store.jobs (retry_root, job_no) WHERE retry_root IS NOT NULL;

-- The word of the one who pays for numbers that may have been paid for before; one serves one retry.
CREATE TABLE store.retry_approvals (
  id            text PRIMARY KEY CHECK (id LIKE 'apr\_%'),
  tenant_id     integer NOT NULL REFERENCES store.tenants,
  job_id        text NOT NULL UNIQUE REFERENCES store.jobs,
  approved_by   text NOT NULL CHECK (length(approved_by) BETWEEN 1 AND 300),
  why           text NOT NULL CHECK (length(why) BETWEEN 1 AND 2000),
  -- What was known when it was given: the numbers of the retry, those that may have been paid for, and the price of all.
  numbers       bigint NOT NULL CHECK (numbers >= 1),
  may_be_paid   bigint NOT NULL CHECK (may_be_paid BETWEEN 1 AND numbers),
  cost          numeric(20,9) NOT NULL CHECK (cost >= 0),
  cost_ceiling  numeric(20,9) NOT NULL CHECK (cost_ceiling >= cost),
  currency      text NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON store.retry_approvals FOR EACH ROW EXECUTE FUNCTION store.refuse_change();

-- A retry is of a closed job of the same tenant and check, and knows where its tree begins.
CREATE FUNCTION store.guard_retries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM store.jobs p WHERE p.id = NEW.retry_of AND p.tenant_id = NEW.tenant_id AND p.check_name = NEW.check_name
                    AND p.finished_at IS NOT NULL AND COALESCE(p.retry_root, p.id) = NEW.retry_root) THEN
    RAISE EXCEPTION 'a retry is of a closed job of the same tenant and check' USING ERRCODE = 'check_violation', CONSTRAINT = 'retries_of_closed_jobs';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_retries BEFORE INSERT OR UPDATE OF retry_of, retry_root ON store.jobs FOR EACH ROW
  WHEN (NEW.retry_of IS NOT NULL) EXECUTE FUNCTION store.guard_retries();

-- What may pay twice is seen by nobody before it has its approval, and never may spend more than that allows.
CREATE FUNCTION store.guard_retry_approvals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM store.retry_approvals a WHERE a.job_id = NEW.id AND NEW.max_cost <= a.cost_ceiling AND NEW.may_be_paid = a.may_be_paid) THEN
    RAISE EXCEPTION 'a retry that may pay twice stays within its approval' USING ERRCODE = 'check_violation', CONSTRAINT = 'retry_approval_ceiling';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_retry_approvals BEFORE INSERT OR UPDATE OF state, max_cost, may_be_paid ON store.jobs FOR EACH ROW
  WHEN (NEW.may_be_paid > 0 AND NEW.state <> 'receiving') EXECUTE FUNCTION store.guard_retry_approvals();

-- How little an outcome answers: 0 is an answer, and what is higher does not hide what is lower.
CREATE FUNCTION store.answer_rank(outcome text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE outcome WHEN 'missing' THEN 1 WHEN 'failed' THEN 2 WHEN 'cancelled' THEN 3 ELSE 0 END
$$;

-- Retries are looked up number by number, and only where the first answer was none: a filter on the job stays a walk over its own rows.
CREATE VIEW rollcall.latest_results AS
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
  JOIN store.chunks c ON c.job_no = r.job_no AND c.chunk_no = r.chunk_no
  LEFT JOIN LATERAL (
    SELECT t.id AS job_id, x.outcome, x.attributes, xc.account, xc.state AS chunk_state, xc.cost_per_number, xc.closed_at
      FROM store.jobs t
      JOIN store.results x ON x.job_no = t.job_no AND x.job_day = t.job_day AND x.number = r.number
      JOIN store.chunks xc ON xc.job_no = x.job_no AND xc.chunk_no = x.chunk_no
     WHERE t.retry_root = j.id AND r.outcome IN ('failed', 'missing')
       AND store.answer_rank(x.outcome) <= store.answer_rank(r.outcome)
     ORDER BY store.answer_rank(x.outcome), t.job_no DESC
     LIMIT 1) again ON true
 WHERE j.retry_root IS NULL;

COMMENT ON VIEW rollcall.latest_results IS 'One row per answered number of a job, with the latest answer that the job or any of its retries got.';
COMMENT ON COLUMN rollcall.latest_results.job_id IS 'Id of the first job. A retry''s own id finds nothing here: its rows stand under the job that it retries.';
COMMENT ON COLUMN rollcall.latest_results.check_name IS 'What was asked, e.g. whatsapp.';
COMMENT ON COLUMN rollcall.latest_results.number IS 'The number, as +E.164.';
COMMENT ON COLUMN rollcall.latest_results.outcome IS 'As in rollcall.results. Where a retry got no answer either, the better of the two: missing, then failed.';
COMMENT ON COLUMN rollcall.latest_results.attributes IS 'Further columns of the provider''s table, as text by lower-case name; null where it had none.';
COMMENT ON COLUMN rollcall.latest_results.account IS 'Account that gave this answer.';
COMMENT ON COLUMN rollcall.latest_results.source IS 'provider: an answer of the provider. rollcall: no answer, the outcome says why.';
COMMENT ON COLUMN rollcall.latest_results.cost IS 'This number''s share of what the upload of this answer cost; what earlier tries cost stands in rollcall.results.';
COMMENT ON COLUMN rollcall.latest_results.checked_at IS 'When this answer''s row was written.';
COMMENT ON COLUMN rollcall.latest_results.answered_by IS 'Id of the job that got this answer: the first one or a retry; rollcall.results has the row under it.';
