-- Erasure of one number (Art. 17 of the GDPR): everywhere in rows and files, within 72 hours, with a receipt that has no number in it. What was
-- sent and what it cost stays, as counts.

CREATE TABLE store.erasures (
  id            text PRIMARY KEY CHECK (id LIKE 'ers\_%'),
  tenant_id     integer NOT NULL REFERENCES store.tenants,
  -- What is to be erased, until it is; then it is gone from here too.
  number        bigint,
  -- What tells whether a receipt is that of a given number.
  secret_id     text NOT NULL REFERENCES store.suppression_secrets,
  digest        bytea NOT NULL CHECK (length(digest) = 32),
  asked_by      text NOT NULL CHECK (length(asked_by) BETWEEN 1 AND 300),
  requested_by  text NOT NULL CHECK (length(requested_by) BETWEEN 1 AND 200),
  reason        text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  -- Whoever was storing numbers when it was asked has ended once this is past; see `is_visible`.
  asked_in      xid8 NOT NULL DEFAULT pg_current_xact_id(),
  asked_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- When a worker should look, or its lease ends; null: done.
  due_at        timestamptz DEFAULT clock_timestamp(),
  tries         integer NOT NULL DEFAULT 0,
  -- The file that was looked through last: whoever goes on begins behind it.
  files_after   text NOT NULL DEFAULT '',
  -- Rows that were removed or changed, by table.
  removed       jsonb NOT NULL DEFAULT '{}',
  done_at       timestamptz,
  CONSTRAINT done_knows_no_number CHECK ((done_at IS NULL) = (number IS NOT NULL) AND (done_at IS NULL) = (due_at IS NOT NULL))
);
CREATE UNIQUE INDEX one_open_erasure ON store.erasures (tenant_id, number) WHERE number IS NOT NULL;
CREATE INDEX erasures_due ON store.erasures (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX erasures_by_tenant ON store.erasures (tenant_id, id);

-- Numbers of a job that were erased, as digests: a result file that comes later, or is read again, may still have them.
CREATE TABLE store.erased_numbers (
  job_day     date NOT NULL,
  tenant_id   integer NOT NULL,
  job_no      integer NOT NULL,
  secret_id   text NOT NULL,
  digest      bytea NOT NULL,
  erasure_id  text NOT NULL,
  PRIMARY KEY (job_no, digest, job_day)
) PARTITION BY RANGE (job_day);
CREATE INDEX erased_numbers_by_secret ON store.erased_numbers (secret_id);
SELECT store.ensure_month(month) FROM store.kept_months('job_numbers') AS month;

-- Files that are to be written anew without erased numbers, or were: one that came after the erasure is found when it is read.
CREATE TABLE store.erased_files (
  tenant_id     integer NOT NULL REFERENCES store.tenants,
  blob_id       text NOT NULL,
  erasure_id    text NOT NULL REFERENCES store.erasures,
  job_day       date NOT NULL,
  kind          text NOT NULL CHECK (kind IN ('upload','artifact')),
  -- Of the bytes before, HMAC-SHA-256 of their SHA-256 under a suppression secret: by the SHA-256 itself the new bytes would give the number back,
  -- by trying all numbers in the place of the zeros.
  old_secret_id text,
  old_hmac      bytea CHECK (length(old_hmac) = 32),
  -- Null: it could not be written anew, and was removed.
  new_sha256    bytea CHECK (length(new_sha256) = 32),
  -- When one that is not done is looked at.
  due_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  done_at       timestamptz,
  PRIMARY KEY (blob_id, erasure_id),
  CONSTRAINT done_files_had_bytes CHECK ((done_at IS NULL) = (old_hmac IS NULL) AND (old_hmac IS NULL) = (old_secret_id IS NULL))
);
CREATE INDEX erased_files_due ON store.erased_files (due_at) WHERE done_at IS NULL;
CREATE INDEX erased_files_by_erasure ON store.erased_files (erasure_id);

-- Whether all that was going on when the erasure was asked for has ended, so that every row of that time can be seen.
CREATE FUNCTION store.is_visible(asked_in xid8) RETURNS boolean LANGUAGE sql VOLATILE SET search_path = pg_catalog AS $$
  SELECT pg_snapshot_xmin(pg_current_snapshot()) > asked_in
$$;

-- What of any tenant needs a secret: entries of lists, erased numbers that a file which comes later must not bring back, and erasures that are
-- about to make such. A receipt needs none: it is for a person who holds it to a number.
DROP FUNCTION store.is_secret_in_use(text);
CREATE FUNCTION store.uses_of_secret(secret text) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT ARRAY(
    SELECT 'suppressions' WHERE EXISTS (SELECT FROM store.suppressions WHERE secret_id = secret)
    UNION ALL SELECT 'erased_numbers' WHERE EXISTS (SELECT FROM store.erased_numbers WHERE secret_id = secret)
    UNION ALL SELECT 'erasures' WHERE EXISTS (SELECT FROM store.erasures WHERE secret_id = secret AND number IS NOT NULL))
$$;

SELECT store.enforce_tenant('store.erasures', 'SELECT, INSERT', 'SELECT, UPDATE'),
       store.enforce_tenant('store.erased_numbers', 'SELECT', 'SELECT, INSERT'),
       store.enforce_tenant('store.erased_files', 'SELECT', 'SELECT, INSERT, UPDATE, DELETE');
GRANT EXECUTE ON FUNCTION store.is_visible(xid8), store.uses_of_secret(text) TO rollcall_api, rollcall_worker;
-- What the worker removes a number from.
GRANT DELETE ON store.job_numbers, store.suppressed_numbers TO rollcall_worker;
GRANT UPDATE (raw) ON store.rejects TO rollcall_worker;
-- UPDATE for the lock alone: nothing of a file changes but by being written anew.
GRANT UPDATE (sha256), DELETE ON store.blobs TO rollcall_worker;
GRANT DELETE ON store.blob_parts TO rollcall_worker;
GRANT UPDATE (fence, state, due_at, rung_at) ON store.replays TO rollcall_worker;
-- For what outlives the numbers that people wrote into their words: records of processing, and notes on accounts, which are no tenant's.
GRANT EXECUTE ON FUNCTION store.without_numbers(text) TO rollcall_api, rollcall_worker, rollcall_installation;
