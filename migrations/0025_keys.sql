-- Keys: rotation, limits of each, what each has used, and sessions of browsers.

ALTER TABLE store.api_keys
  -- The first of the keys that follow each other by rotation; null: it is that itself. Limits are theirs together, so that a rotation is no way
  -- around them.
  ADD COLUMN family text REFERENCES store.api_keys,
  -- The key that was rotated into this one.
  ADD COLUMN rotated_from text REFERENCES store.api_keys,
  -- The Idempotency-Key that it was made under, and what was asked then.
  ADD COLUMN made_under text CHECK (length(made_under) BETWEEN 1 AND 255),
  ADD COLUMN fingerprint bytea CHECK (length(fingerprint) = 32),
  -- Null: no limit of its own. Days are UTC's; costs are by configured price, in each currency by itself.
  ADD COLUMN requests_per_minute integer CHECK (requests_per_minute BETWEEN 1 AND 1000000),
  ADD COLUMN numbers_per_day bigint CHECK (numbers_per_day BETWEEN 0 AND 10000000000),
  ADD COLUMN cost_per_day numeric(20,9) CHECK (cost_per_day >= 0),
  ADD CONSTRAINT made_under_has_a_fingerprint CHECK ((made_under IS NULL) = (fingerprint IS NULL));
CREATE INDEX api_keys_by_rotation ON store.api_keys (rotated_from) WHERE rotated_from IS NOT NULL;
CREATE INDEX api_keys_by_idempotency_key ON store.api_keys (tenant_id, made_under) WHERE made_under IS NOT NULL;

ALTER TABLE store.tenants
  ADD COLUMN numbers_per_day bigint CHECK (numbers_per_day BETWEEN 0 AND 10000000000),
  ADD COLUMN cost_per_day numeric(20,9) CHECK (cost_per_day >= 0);

-- What was taken in, by day: of a family of keys, and of the tenant. Written in the transaction that stores the job, so that it is exact.
CREATE TABLE store.usage (
  tenant_id  integer NOT NULL REFERENCES store.tenants,
  -- The family's id, or `tenant`.
  subject    text NOT NULL,
  -- The jobs' `job_day`.
  day        date NOT NULL,
  -- `numbers`, or the currency of a cost.
  unit       text NOT NULL,
  used       numeric(29,9) NOT NULL CHECK (used >= 0),
  PRIMARY KEY (tenant_id, subject, day, unit)
);

-- Browsers that signed in to the dashboard with a key. The cookie is 256 random bits, and only its SHA-256 is here.
CREATE TABLE store.sessions (
  digest        bytea PRIMARY KEY CHECK (length(digest) = 32),
  tenant_id     integer NOT NULL REFERENCES store.tenants,
  key_id        text NOT NULL REFERENCES store.api_keys,
  created_at    timestamptz NOT NULL DEFAULT now(),
  -- To the minute.
  last_seen_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_by_key ON store.sessions (key_id, created_at);

-- Whose a session is, before anything else of it is read.
CREATE FUNCTION store.tenant_of_session(session_digest bytea) RETURNS integer LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT tenant_id FROM store.sessions WHERE digest = session_digest
$$;
GRANT EXECUTE ON FUNCTION store.tenant_of_session(bytea) TO rollcall_api;

SELECT store.enforce_tenant('store.usage', 'SELECT, INSERT, UPDATE', '');
SELECT store.enforce_tenant('store.sessions', 'SELECT, INSERT, UPDATE, DELETE', '');
