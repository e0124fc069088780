-- Jobs, their numbers, and everything that came in with them.
--
-- `store` holds the tables; `rollcall` holds what people query: views and functions, documented column by column.
-- Tables with a row per number are partitioned by the month of the job's day, so that retention drops partitions,
-- and use the narrow (job_no, chunk_no) instead of ids: at 10,000,000 rows a 40-byte id would be most of the row.
-- They carry no foreign keys: a per-row check costs about as much as the COPY itself. `rollcall.audit` counts instead.

CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE SCHEMA store;
CREATE SCHEMA rollcall;

CREATE TABLE store.tenants (
  id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name        text NOT NULL UNIQUE,
  created_at  timestamptz NOT NULL DEFAULT now()
);
INSERT INTO store.tenants (name) VALUES ('default');

CREATE TABLE store.api_keys (
  id            text PRIMARY KEY CHECK (id LIKE 'key\_%'),
  tenant_id     integer NOT NULL REFERENCES store.tenants,
  name          text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  -- SHA-256 of the whole key. A key is 256 random bits, so a slow hash would add nothing.
  digest        bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
  scopes        text[] NOT NULL CHECK (scopes <@ ARRAY['jobs:write','jobs:read','results:read','holds:resolve','approvals:write','admin']),
  created_at    timestamptz NOT NULL DEFAULT now(),
  expires_at    timestamptz,
  revoked_at    timestamptz,
  last_used_at  timestamptz
);

CREATE TABLE store.jobs (
  id              text PRIMARY KEY CHECK (id LIKE 'job\_%'),
  job_no          integer GENERATED ALWAYS AS IDENTITY UNIQUE,
  tenant_id       integer NOT NULL REFERENCES store.tenants,
  -- The partition key of all that belongs to the job: the UTC day on which it was made.
  job_day         date NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')::date,
  check_name      text NOT NULL,
  account         text NOT NULL,
  name            text CHECK (length(name) <= 200),
  priority        smallint NOT NULL DEFAULT 0 CHECK (priority BETWEEN -100 AND 100),
  purpose         text NOT NULL CHECK (length(purpose) BETWEEN 1 AND 500),
  requested_by    text NOT NULL CHECK (length(requested_by) BETWEEN 1 AND 200),
  default_region  text CHECK (default_region ~ '^[A-Z]{2}$'),
  max_cost        numeric(20,9) CHECK (max_cost >= 0),
  currency        text NOT NULL,
  retry_of        text REFERENCES store.jobs,
  created_by      text REFERENCES store.api_keys,
  state           text NOT NULL DEFAULT 'receiving' CHECK (state IN
                    ('receiving','planning','running','paused','cancelling','completed','completed_with_errors','cancelled','failed')),
  failure         text,
  lines           bigint CHECK (lines >= 0),
  accepted        bigint CHECK (accepted >= 0),
  duplicates      bigint CHECK (duplicates >= 0),
  rejected        bigint CHECK (rejected >= 0),
  -- Chunks whose numbers do not have their rows yet. 0 and state running: the job can close.
  open_chunks     integer NOT NULL DEFAULT 0 CHECK (open_chunks >= 0),
  -- How often it was cut anew after a provider refused a batch's size; bounded, so that no refusal can loop.
  replans         integer NOT NULL DEFAULT 0,
  upload          jsonb,
  -- When a worker should look at the job itself (planning, planning anew, closing); null: its chunks move it.
  due_at          timestamptz,
  rung_at         timestamptz,
  ring_no         integer NOT NULL DEFAULT 0,
  fence           integer NOT NULL DEFAULT 0,
  created_at      timestamptz NOT NULL DEFAULT now(),
  planned_at      timestamptz,
  finished_at     timestamptz,
  CONSTRAINT lines_are_accounted_for CHECK (state = 'receiving' OR (lines = accepted + duplicates + rejected) IS TRUE),
  CONSTRAINT closed_has_an_end CHECK ((state IN ('completed','completed_with_errors','cancelled','failed')) = (finished_at IS NOT NULL)),
  CONSTRAINT only_failed_has_a_failure CHECK ((state = 'failed') = (failure IS NOT NULL))
);
CREATE INDEX jobs_due ON store.jobs (due_at) WHERE due_at IS NOT NULL;
-- Jobs that could close: the sweep looks at them, should whoever closed their last chunk not have.
CREATE INDEX jobs_to_close ON store.jobs (job_no) WHERE finished_at IS NULL AND open_chunks = 0 AND planned_at IS NOT NULL;
CREATE INDEX jobs_by_end ON store.jobs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX jobs_by_tenant ON store.jobs (tenant_id, id DESC);

-- The edges of a job; a test holds them to packages/domain/job.ts and docs/state-machine.md.
CREATE TABLE store.job_edges (from_state text, to_state text, PRIMARY KEY (from_state, to_state));
INSERT INTO store.job_edges VALUES
  ('receiving','planning'),
  ('planning','running'), ('planning','cancelling'), ('planning','failed'), ('planning','completed'),
  ('running','paused'), ('paused','running'),
  ('running','cancelling'), ('paused','cancelling'),
  ('running','completed'), ('running','completed_with_errors'),
  ('paused','completed'), ('paused','completed_with_errors'),
  ('cancelling','cancelled');

CREATE FUNCTION store.refuse_unknown_job_edge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM store.job_edges e WHERE e.from_state = OLD.state AND e.to_state = NEW.state) THEN
    RAISE EXCEPTION 'a job does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation', CONSTRAINT = 'job_edges';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER job_edges BEFORE UPDATE OF state ON store.jobs FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION store.refuse_unknown_job_edge();

CREATE TABLE store.idempotency_keys (
  tenant_id    integer NOT NULL REFERENCES store.tenants,
  key          text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  fingerprint  bytea NOT NULL,
  job_id       text NOT NULL REFERENCES store.jobs,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, key)
);

-- One accepted number of a job; (job_no, number) ascending is the order in which everything reads and writes.
CREATE TABLE store.job_numbers (
  job_day    date NOT NULL,
  tenant_id  integer NOT NULL,
  job_no     integer NOT NULL,
  number     bigint NOT NULL CHECK (number BETWEEN 1000000 AND 999999999999999),
  PRIMARY KEY (job_no, number, job_day)
) PARTITION BY RANGE (job_day);

CREATE TABLE store.rejects (
  job_day    date NOT NULL,
  tenant_id  integer NOT NULL,
  job_no     integer NOT NULL,
  line_no    bigint NOT NULL CHECK (line_no >= 1),
  reason     text NOT NULL,
  raw        text NOT NULL CHECK (length(raw) <= 400),
  PRIMARY KEY (job_no, line_no, job_day)
) PARTITION BY RANGE (job_day);

-- The one row that a number of a job ends with. Inserted once, by COPY, in the transaction that closes the chunk.
CREATE TABLE store.results (
  job_day     date NOT NULL,
  tenant_id   integer NOT NULL,
  number      bigint NOT NULL,
  job_no      integer NOT NULL,
  chunk_no    integer NOT NULL,
  outcome     text NOT NULL CHECK (outcome IN
                ('registered','not_registered','banned','undetermined','missing','failed','cancelled','suppressed','erased')),
  attributes  jsonb,
  PRIMARY KEY (job_no, number, job_day)
) PARTITION BY RANGE (job_day);
-- The number as people write it in SQL on the view `rollcall.results`.
CREATE INDEX results_by_number ON store.results (('+' || number::text));

-- Rows of result files that are not answers to what was asked, kept for a person to look at.
CREATE TABLE store.quarantined_rows (
  job_day      date NOT NULL,
  tenant_id    integer NOT NULL,
  job_no       integer NOT NULL,
  chunk_no     integer NOT NULL,
  artifact_id  text NOT NULL,
  number       bigint NOT NULL,
  kind         text NOT NULL CHECK (kind IN ('foreign','contradictory')),
  verdicts     text[] NOT NULL,
  PRIMARY KEY (artifact_id, number, job_day)
) PARTITION BY RANGE (job_day);

-- Bytes kept as they came (uploads, result files), compressed by us and cut in parts of 1 to 2 MiB.
CREATE TABLE store.blobs (
  id            text NOT NULL,
  job_day       date NOT NULL,
  tenant_id     integer NOT NULL,
  job_no        integer NOT NULL,
  kind          text NOT NULL CHECK (kind IN ('upload','artifact')),
  encoding      text NOT NULL CHECK (encoding IN ('zstd','gzip','identity')),
  sha256        bytea NOT NULL CHECK (length(sha256) = 32),
  byte_count    bigint NOT NULL CHECK (byte_count >= 0),
  created_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (id, job_day)
) PARTITION BY RANGE (job_day);

CREATE TABLE store.blob_parts (
  job_day  date NOT NULL,
  blob_id  text NOT NULL,
  part_no  integer NOT NULL,
  bytes    bytea STORAGE EXTERNAL NOT NULL,
  PRIMARY KEY (blob_id, part_no, job_day)
) PARTITION BY RANGE (job_day);

-- Numbers of a job by outcome, exact: written in the transaction that writes the rows, so that nobody counts rows.
CREATE TABLE store.job_outcomes (
  job_no   integer NOT NULL REFERENCES store.jobs (job_no),
  outcome  text NOT NULL,
  numbers  bigint NOT NULL CHECK (numbers >= 0),
  PRIMARY KEY (job_no, outcome)
);
CREATE TABLE store.job_rejects (
  job_no   integer NOT NULL REFERENCES store.jobs (job_no),
  reason   text NOT NULL,
  lines    bigint NOT NULL CHECK (lines > 0),
  PRIMARY KEY (job_no, reason)
);

-- The month's partition of every table above, made ahead of time. Made first and attached then: that takes no lock that
-- readers or COPY would wait for. The advisory lock keeps two callers from making the same one.
CREATE FUNCTION store.ensure_month(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  month_start date := date_trunc('month', day)::date;
  month_end   date := (date_trunc('month', day) + interval '1 month')::date;
  parent      text;
  child       text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['job_numbers','rejects','results','quarantined_rows','blobs','blob_parts'] LOOP
    child := format('%s_%s', parent, to_char(month_start, 'YYYYMM'));
    CONTINUE WHEN to_regclass('store.' || child) IS NOT NULL;
    PERFORM pg_advisory_xact_lock(hashtext('store.ensure_month'));
    -- Not to_regclass: it remembers that nothing was there, and an advisory lock does not make it look again.
    CONTINUE WHEN EXISTS (SELECT FROM pg_class WHERE relnamespace = 'store'::regnamespace AND relname = child);
    EXECUTE format('CREATE TABLE store.%I (LIKE store.%I INCLUDING ALL)', child, parent);
    EXECUTE format('ALTER TABLE store.%I ATTACH PARTITION store.%I FOR VALUES FROM (%L) TO (%L)', parent, child, month_start, month_end);
  END LOOP;
END $$;

SELECT store.ensure_month((now() AT TIME ZONE 'UTC')::date);
SELECT store.ensure_month(((now() AT TIME ZONE 'UTC') + interval '1 month')::date);
