-- Sums that are kept and not counted: by triggers, in the transaction that writes what they sum, so that they are exact whoever writes it. `store.audit_sums` counts
-- them anew (docs/decisions/0029).

-- Numbers of a tenant by outcome, by the day of their job. In eight rows each, by job: workers that close chunks of different jobs would otherwise wait for each other
-- to commit. Those of one job wait for each other at store.job_outcomes already.
CREATE TABLE store.tenant_days (
  tenant_id   integer NOT NULL REFERENCES store.tenants,
  day         date NOT NULL,
  check_name  text NOT NULL,
  outcome     text NOT NULL,
  shard       smallint NOT NULL CHECK (shard BETWEEN 0 AND 7),
  numbers     bigint NOT NULL CHECK (numbers >= 0),
  PRIMARY KEY (tenant_id, day, check_name, outcome, shard)
) WITH (fillfactor = 50);

CREATE FUNCTION store.sum_outcomes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  changed  constant store.job_outcomes := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
  more     constant bigint := CASE WHEN TG_OP = 'DELETE' THEN 0 ELSE NEW.numbers END - CASE WHEN TG_OP = 'INSERT' THEN 0 ELSE OLD.numbers END;
BEGIN
  -- Not an INSERT alone: what is taken away would not pass the table's CHECK, which is asked before it is known whether there is a row.
  UPDATE store.tenant_days d SET numbers = d.numbers + more
    FROM store.jobs j
   WHERE j.job_no = changed.job_no AND d.tenant_id = j.tenant_id AND d.day = j.job_day AND d.check_name = j.check_name
     AND d.outcome = changed.outcome AND d.shard = changed.job_no % 8;
  IF NOT FOUND THEN
    INSERT INTO store.tenant_days (tenant_id, day, check_name, outcome, shard, numbers)
    SELECT j.tenant_id, j.job_day, j.check_name, changed.outcome, j.job_no % 8, more FROM store.jobs j WHERE j.job_no = changed.job_no
        ON CONFLICT (tenant_id, day, check_name, outcome, shard) DO UPDATE SET numbers = tenant_days.numbers + EXCLUDED.numbers;
  END IF;
  RETURN NULL;
END $$;
-- The trigger before the first sum: its lock keeps writers out until both are committed.
CREATE TRIGGER sum_outcomes AFTER INSERT OR DELETE OR UPDATE OF numbers ON store.job_outcomes FOR EACH ROW EXECUTE FUNCTION store.sum_outcomes();
INSERT INTO store.tenant_days (tenant_id, day, check_name, outcome, shard, numbers)
SELECT j.tenant_id, j.job_day, j.check_name, o.outcome, j.job_no % 8, sum(o.numbers)
  FROM store.job_outcomes o JOIN store.jobs j ON j.job_no = o.job_no GROUP BY 1, 2, 3, 4, 5;

-- What counts against an account's caps, over all tenants, by the UTC day on which it was reserved: what was given back does not, unless it turned out to have been
-- taken. One row a day: whoever reserves holds the account's lock.
CREATE TABLE store.account_days (
  account   text NOT NULL,
  day       date NOT NULL,
  currency  text NOT NULL,
  counted   numeric(20,9) NOT NULL CHECK (counted >= 0),
  PRIMARY KEY (account, day, currency)
) WITH (fillfactor = 50);

CREATE FUNCTION store.sum_reservations() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  reserved  store.ledger;
  more      numeric;
BEGIN
  IF NEW.entry = 'reserve' THEN
    INSERT INTO store.account_days (account, day, currency, counted) VALUES (NEW.account, (NEW.at AT TIME ZONE 'UTC')::date, NEW.currency, NEW.amount)
        ON CONFLICT (account, day, currency) DO UPDATE SET counted = account_days.counted + EXCLUDED.counted;
    RETURN NULL;
  END IF;
  SELECT * INTO STRICT reserved FROM store.ledger l WHERE l.attempt_id = NEW.attempt_id AND l.entry = 'reserve';
  -- Two that book a release and a write-off of one attempt at a time would not see each other's.
  PERFORM FROM store.account_days d WHERE d.account = reserved.account AND d.day = (reserved.at AT TIME ZONE 'UTC')::date AND d.currency = reserved.currency FOR UPDATE;
  IF NEW.entry = 'release' THEN
    more := CASE WHEN EXISTS (SELECT FROM store.ledger w WHERE w.attempt_id = NEW.attempt_id AND w.entry = 'write_off') THEN 0 ELSE -reserved.amount END;
  ELSE
    more := CASE WHEN EXISTS (SELECT FROM store.ledger r WHERE r.attempt_id = NEW.attempt_id AND r.entry = 'release') THEN reserved.amount ELSE 0 END;
  END IF;
  UPDATE store.account_days d SET counted = d.counted + more
   WHERE d.account = reserved.account AND d.day = (reserved.at AT TIME ZONE 'UTC')::date AND d.currency = reserved.currency AND more <> 0;
  RETURN NULL;
END $$;
CREATE TRIGGER sum_reservations AFTER INSERT ON store.ledger FOR EACH ROW
  WHEN (NEW.entry IN ('reserve','release','write_off')) EXECUTE FUNCTION store.sum_reservations();

-- From the ledger itself.
CREATE FUNCTION store.count_account_days() RETURNS TABLE (account text, day date, currency text, counted numeric)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT l.account, (l.at AT TIME ZONE 'UTC')::date AS day, l.currency,
       COALESCE(sum(l.amount) FILTER (WHERE NOT EXISTS (SELECT FROM store.ledger r WHERE r.attempt_id = l.attempt_id AND r.entry = 'release')
                                         OR EXISTS (SELECT FROM store.ledger w WHERE w.attempt_id = l.attempt_id AND w.entry = 'write_off')), 0) AS counted
  FROM store.ledger l WHERE l.entry = 'reserve' GROUP BY 1, 2, 3
$$;
INSERT INTO store.account_days (account, day, currency, counted) SELECT account, day, currency, counted FROM store.count_account_days();

-- Every sum that is not what it sums. In one statement, and so of one moment, beside whoever writes.
CREATE FUNCTION store.audit_sums() RETURNS TABLE (kept_in text, what text, kept numeric, counted numeric)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'tenant_days', concat_ws(' ', tenant_id, day, check_name, outcome, shard), COALESCE(k.numbers, 0), COALESCE(c.numbers, 0)
    FROM store.tenant_days k
    FULL JOIN (SELECT j.tenant_id, j.job_day AS day, j.check_name, o.outcome, (j.job_no % 8)::smallint AS shard, sum(o.numbers) AS numbers
                 FROM store.job_outcomes o JOIN store.jobs j ON j.job_no = o.job_no GROUP BY 1, 2, 3, 4, 5) c
         USING (tenant_id, day, check_name, outcome, shard)
   WHERE COALESCE(k.numbers, 0) <> COALESCE(c.numbers, 0)
  UNION ALL
  SELECT 'account_days', concat_ws(' ', account, day, currency), COALESCE(k.counted, 0), COALESCE(c.counted, 0)
    FROM store.account_days k FULL JOIN store.count_account_days() c USING (account, day, currency)
   WHERE COALESCE(k.counted, 0) <> COALESCE(c.counted, 0)
$$;

SELECT store.enforce_tenant('store.tenant_days', 'SELECT', 'SELECT');
GRANT SELECT ON store.account_days TO rollcall_worker, rollcall_installation;
GRANT EXECUTE ON FUNCTION store.audit_sums(), store.count_account_days() TO rollcall_worker;

CREATE VIEW rollcall.numbers_by_day AS
SELECT day, check_name, outcome, sum(numbers)::bigint AS numbers FROM store.tenant_days GROUP BY day, check_name, outcome HAVING sum(numbers) > 0;
COMMENT ON VIEW rollcall.numbers_by_day IS 'Answered numbers by the day of their job, check and outcome; kept as sums, so that no row of rollcall.results is counted.';
COMMENT ON COLUMN rollcall.numbers_by_day.day IS 'UTC day on which the job was made.';
COMMENT ON COLUMN rollcall.numbers_by_day.check_name IS 'What was asked of every number, e.g. whatsapp.';
COMMENT ON COLUMN rollcall.numbers_by_day.outcome IS 'registered, not_registered, banned, undetermined, missing, failed, cancelled, suppressed or erased.';
COMMENT ON COLUMN rollcall.numbers_by_day.numbers IS 'How many numbers have that outcome; those of jobs whose rows retention dropped are still counted.';
SELECT store.open_views();
