-- Whose chunk a free slot of an account takes (docs/decisions/0028): tenants by what they used, a tenant's jobs by what they have left.

-- What a tenant may use beside others of the same account, relative to theirs; an administrator sets it.
ALTER TABLE store.tenants ADD COLUMN weight smallint NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 1000);

-- What each tenant used of an account, as the virtual clock of fair queueing; only claims write it, under the account's lock.
CREATE TABLE store.account_shares (
  account     text NOT NULL REFERENCES store.account_states,
  tenant_id   integer NOT NULL REFERENCES store.tenants,
  -- Numbers sent, over the tenant's weight: where its last turn began on that clock, and where its next one begins.
  began       double precision NOT NULL CHECK (began >= 0),
  ends        double precision NOT NULL CHECK (ends >= began),
  turns       bigint NOT NULL CHECK (turns >= 0),
  -- Its next turn is that of the job that waits longest, and not of the smallest.
  by_waiting  boolean NOT NULL,
  PRIMARY KEY (account, tenant_id)
);
SELECT store.enforce_tenant('store.account_shares', '', 'SELECT, INSERT, UPDATE');

-- Jobs with a chunk that is ready, so that a claim looks at a few rows however many chunks wait. A trigger enters them, and claims and the rescue sweep
-- take them out once nothing of them is ready: a row too many is passed over, a row too few would never be sent. No foreign key to the job: it would
-- ask for the job's lock in the middle of others.
CREATE TABLE store.jobs_in_line (
  job_no         integer PRIMARY KEY,
  tenant_id      integer NOT NULL REFERENCES store.tenants,
  account        text NOT NULL,
  check_name     text NOT NULL,
  priority       smallint NOT NULL,
  -- Numbers that no claim took yet.
  remaining      bigint NOT NULL CHECK (remaining >= 0),
  waiting_since  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX jobs_in_line_by_size ON store.jobs_in_line (account, tenant_id, priority DESC, remaining, job_no);
CREATE INDEX jobs_in_line_by_waiting ON store.jobs_in_line (account, tenant_id, priority DESC, waiting_since, job_no);
SELECT store.enforce_tenant('store.jobs_in_line', '', 'SELECT, UPDATE, DELETE');
GRANT SELECT ON store.jobs_in_line TO rollcall_installation;

-- What the rescue sweep looks for beside those that are ready, of which there may be 100,000.
CREATE INDEX chunks_ready_to_read ON store.chunks (due_at) WHERE state = 'result_ready';
CREATE INDEX chunks_blocked_due ON store.chunks (due_at) WHERE state = 'blocked' AND due_at IS NOT NULL;
CREATE INDEX chunks_ready_of_job ON store.chunks (job_no, due_at, chunk_no) WHERE state = 'ready';

-- Whoever makes a chunk ready holds the key of its job's row in the line until it commits, and whoever takes the row out locks it first and looks
-- then. A claim that changes the row asks for no key, so that neither waits for the other.
CREATE FUNCTION store.enter_line(of_job integer) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  LOOP
    PERFORM FROM store.jobs_in_line WHERE job_no = of_job FOR KEY SHARE;
    EXIT WHEN FOUND;
    INSERT INTO store.jobs_in_line (job_no, tenant_id, account, check_name, priority, remaining)
    SELECT j.job_no, j.tenant_id, j.account, j.check_name, j.priority,
           (SELECT COALESCE(sum(c.numbers), 0) FROM store.chunks c WHERE c.job_no = j.job_no AND c.state IN ('ready', 'blocked'))
      FROM store.jobs j WHERE j.job_no = of_job
        ON CONFLICT DO NOTHING;
    EXIT WHEN FOUND;
  END LOOP;
END $$;

CREATE FUNCTION store.line_follows_chunk() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM store.enter_line(NEW.job_no);
  RETURN NULL;
END $$;
CREATE TRIGGER enter_line AFTER INSERT ON store.chunks FOR EACH ROW WHEN (NEW.state = 'ready') EXECUTE FUNCTION store.line_follows_chunk();
CREATE TRIGGER enter_line_again AFTER UPDATE OF state ON store.chunks FOR EACH ROW
  WHEN (NEW.state = 'ready' AND OLD.state <> 'ready') EXECUTE FUNCTION store.line_follows_chunk();

CREATE FUNCTION store.line_follows_job() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.state = 'running' AND EXISTS (SELECT FROM store.chunks c WHERE c.job_no = NEW.job_no AND c.state = 'ready') THEN
    PERFORM store.enter_line(NEW.job_no);
  END IF;
  UPDATE store.jobs_in_line SET priority = NEW.priority WHERE job_no = NEW.job_no AND priority <> NEW.priority;
  RETURN NULL;
END $$;
CREATE TRIGGER enter_line AFTER UPDATE OF state, priority ON store.jobs FOR EACH ROW
  WHEN (NEW.priority <> OLD.priority OR (NEW.state = 'running' AND OLD.state <> 'running')) EXECUTE FUNCTION store.line_follows_job();

INSERT INTO store.jobs_in_line (job_no, tenant_id, account, check_name, priority, remaining)
SELECT j.job_no, j.tenant_id, j.account, j.check_name, j.priority, sum(c.numbers)
  FROM store.jobs j JOIN store.chunks c ON c.job_no = j.job_no
 WHERE j.finished_at IS NULL AND c.state IN ('ready', 'blocked')
 GROUP BY j.id HAVING bool_or(c.state = 'ready');
