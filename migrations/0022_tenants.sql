-- Walls between tenants: roles that own nothing, and row-level security on every table with a tenant's rows (docs/decisions/0020).
--
--   the owner              migrates. Owns everything, and is bound by the policies too (FORCE), to one that lets it see all.
--   rollcall_api           sees the rows of the tenant that its transaction names, and nothing where it names none.
--   rollcall_worker        sees every tenant's rows; it cannot bypass a policy, alter or drop.
--   rollcall_installation  the API where it speaks for no tenant: the accounts, which all share, and metrics. It reads no phone number.
--   rollcall_queue         owns the schema of the queue, where that is in Postgres, and sees nothing else.
--   rollcall_analyst       people: the views, and in them the tenant that their own role is bound to.

DO $$
DECLARE
  role     text;
  missing  text[] := '{}';
  is_super constant boolean := (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
  made_by  constant text := quote_ident(current_user);
  pair     text[];
BEGIN
  FOREACH role IN ARRAY ARRAY['rollcall_api','rollcall_worker','rollcall_installation','rollcall_queue','rollcall_analyst'] LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = role);
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION', role);
    EXCEPTION
      -- Roles are the server's: a migration of another database of it may have made it meanwhile.
      WHEN duplicate_object OR unique_violation THEN NULL;
      WHEN insufficient_privilege THEN missing := missing || format('CREATE ROLE %I NOLOGIN;', role);
    END;
  END LOOP;
  -- Who may become whom. Never by inheritance: what a role may do, it does under its own name.
  FOREACH pair SLICE 1 IN ARRAY ARRAY[['rollcall_installation','rollcall_api'], ['rollcall_queue','rollcall_api'], ['rollcall_queue','rollcall_worker'],
                                      ['rollcall_api',current_user], ['rollcall_worker',current_user], ['rollcall_installation',current_user],
                                      ['rollcall_queue',current_user]] LOOP
    CONTINUE WHEN is_super AND pair[2] = current_user;
    IF cardinality(missing) = 0 THEN
      CONTINUE WHEN pg_has_role(pair[2], pair[1], 'SET');
      BEGIN
        EXECUTE format('GRANT %I TO %I WITH INHERIT FALSE, SET TRUE', pair[1], pair[2]);
        CONTINUE;
      EXCEPTION
        WHEN unique_violation THEN CONTINUE;
        WHEN insufficient_privilege THEN NULL;
      END;
    END IF;
    missing := missing || format('GRANT %I TO %I WITH INHERIT FALSE, SET TRUE;', pair[1], pair[2]);
  END LOOP;
  IF cardinality(missing) > 0 THEN
    RAISE EXCEPTION 'the role % may not create the roles that Rollcall runs as. An administrator of the server types once, and then it migrates: %',
      made_by, array_to_string(missing, ' ') USING ERRCODE = 'insufficient_privilege';
  END IF;
END $$;

-- Functions are for those to whom they are granted, those of later migrations too.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA store, rollcall FROM PUBLIC;
GRANT USAGE ON SCHEMA store TO rollcall_api, rollcall_worker, rollcall_installation, rollcall_queue, rollcall_analyst;
GRANT USAGE ON SCHEMA rollcall TO rollcall_api, rollcall_worker, rollcall_analyst;

-- The tenant of the transaction, as `set_config('rollcall.tenant', …, true)` says it. None is an error and not an empty answer: whoever forgot to
-- say it would otherwise take "not mine" for "not there".
CREATE FUNCTION store.session_tenant() RETURNS integer LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
DECLARE
  named constant text := NULLIF(current_setting('rollcall.tenant', true), '');
BEGIN
  IF named IS NULL THEN
    RAISE EXCEPTION 'this transaction names no tenant' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'tenant_is_named';
  END IF;
  RETURN named::integer;
END $$;
GRANT EXECUTE ON FUNCTION store.session_tenant() TO rollcall_api;

-- Which tenant a person's role reads. The owner writes it and nobody else, so that it is no setting that one might set for oneself.
CREATE TABLE store.tenant_readers (
  role_name   name PRIMARY KEY,
  tenant_id   integer NOT NULL REFERENCES store.tenants,
  bound_at    timestamptz NOT NULL DEFAULT now()
);
CREATE FUNCTION store.reader_tenant() RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT tenant_id FROM store.tenant_readers WHERE role_name = session_user
$$;
GRANT EXECUTE ON FUNCTION store.reader_tenant() TO rollcall_analyst;

-- Lets a role read one tenant: `CREATE ROLE ann LOGIN PASSWORD '…' IN ROLE rollcall_analyst; SELECT store.let_read('ann', 'default');`
CREATE FUNCTION store.let_read(reader name, tenant text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  of_tenant constant integer := (SELECT id FROM store.tenants WHERE name = tenant);
BEGIN
  IF of_tenant IS NULL THEN RAISE EXCEPTION 'there is no tenant %', tenant; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader AND rolcanlogin AND NOT rolsuper AND NOT rolbypassrls) THEN
    RAISE EXCEPTION 'a reader is a role that may log in, is no superuser and does not bypass row-level security; % is not', reader;
  END IF;
  IF EXISTS (SELECT FROM pg_roles r WHERE pg_has_role(reader, r.oid, 'MEMBER') AND (r.rolsuper OR r.rolbypassrls OR r.rolname = current_user
               OR r.rolname IN ('rollcall_api','rollcall_worker','rollcall_installation','rollcall_queue'))) THEN
    RAISE EXCEPTION '% is a member of a role that reads more than one tenant', reader;
  END IF;
  -- Who made the role may have said so already, where the owner may not.
  IF NOT pg_has_role(reader, 'rollcall_analyst', 'USAGE') THEN EXECUTE format('GRANT rollcall_analyst TO %I', reader); END IF;
  INSERT INTO store.tenant_readers (role_name, tenant_id) VALUES (reader, of_tenant)
    ON CONFLICT (role_name) DO UPDATE SET tenant_id = EXCLUDED.tenant_id, bound_at = now();
END $$;

-- The policies of one table or partition. Of a role that sees all the policy is `true`, which the planner drops: it costs nothing.
-- The tenant is read once a statement, by the sub-select, and compared row by row.
CREATE FUNCTION store.wall(the_table regclass, tenant_column name) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  the_owner constant text := (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = the_table);
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', the_table);
  EXECUTE format('DROP POLICY IF EXISTS own_tenant ON %s', the_table);
  EXECUTE format('CREATE POLICY own_tenant ON %1$s TO rollcall_api USING (%2$I = (SELECT store.session_tenant())) WITH CHECK (%2$I = (SELECT store.session_tenant()))',
                 the_table, tenant_column);
  EXECUTE format('DROP POLICY IF EXISTS readers_tenant ON %s', the_table);
  EXECUTE format('CREATE POLICY readers_tenant ON %s FOR SELECT TO rollcall_analyst USING (%I = (SELECT store.reader_tenant()))', the_table, tenant_column);
  EXECUTE format('DROP POLICY IF EXISTS every_tenant ON %s', the_table);
  EXECUTE format('CREATE POLICY every_tenant ON %s TO rollcall_worker, rollcall_installation, %I USING (true) WITH CHECK (true)', the_table, the_owner);
END $$;

-- What a migration says at the end of every table with a `tenant_id`: `SELECT store.enforce_tenant('store.the_table')`. Its policies, and those of
-- its partitions; and what the API and the worker may do, all but TRUNCATE and, where a trigger holds it append-only, but UPDATE and DELETE; less where it is said.
CREATE FUNCTION store.enforce_tenant(the_table regclass, api text DEFAULT NULL, worker text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  is_kept constant boolean := EXISTS (SELECT FROM pg_trigger WHERE tgrelid = the_table AND tgfoid = 'store.refuse_change()'::regprocedure);
  usual   constant text := CASE WHEN is_kept THEN 'SELECT, INSERT' ELSE 'SELECT, INSERT, UPDATE, DELETE' END;
  part    regclass;
BEGIN
  PERFORM store.wall(the_table, 'tenant_id');
  -- Nobody is given a partition itself: rows are had through the table alone.
  FOR part IN SELECT i.inhrelid::regclass FROM pg_inherits i WHERE i.inhparent = the_table LOOP
    PERFORM store.wall(part, 'tenant_id');
  END LOOP;
  EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, rollcall_api, rollcall_worker', the_table);
  IF COALESCE(api, usual) <> '' THEN EXECUTE format('GRANT %s ON %s TO rollcall_api', COALESCE(api, usual), the_table); END IF;
  IF COALESCE(worker, usual) <> '' THEN EXECUTE format('GRANT %s ON %s TO rollcall_worker', COALESCE(worker, usual), the_table); END IF;
END $$;

-- As before, for whatever table of `store` is partitioned, and with the policies of each partition before it is attached. With the rights of the owner, since
-- whoever receives a job or sweeps may come by the first of a month.
CREATE OR REPLACE FUNCTION store.ensure_month(day date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  month_start constant date := date_trunc('month', day)::date;
  month_end   constant date := (date_trunc('month', day) + interval '1 month')::date;
  parent      text;
  child       text;
BEGIN
  FOR parent IN SELECT relname FROM pg_class WHERE relnamespace = 'store'::regnamespace AND relkind = 'p' ORDER BY relname LOOP
    child := format('%s_%s', parent, to_char(month_start, 'YYYYMM'));
    CONTINUE WHEN to_regclass('store.' || child) IS NOT NULL;
    PERFORM pg_advisory_xact_lock(hashtext('store.ensure_month'));
    -- Not to_regclass: it remembers that nothing was there, and an advisory lock does not make it look again.
    CONTINUE WHEN EXISTS (SELECT FROM pg_class WHERE relnamespace = 'store'::regnamespace AND relname = child);
    EXECUTE format('CREATE TABLE store.%I (LIKE store.%I INCLUDING ALL)', child, parent);
    PERFORM store.wall(format('store.%I', child)::regclass, 'tenant_id');
    EXECUTE format('ALTER TABLE store.%I ATTACH PARTITION store.%I FOR VALUES FROM (%L) TO (%L)', parent, child, month_start, month_end);
  END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION store.ensure_month(date) TO rollcall_api, rollcall_worker;

-- Tables that knew their tenant by their parent alone. A column, and no policy that looks the parent up: that would be a look for each row, and
-- parts of a blob are written before the blob.
ALTER TABLE store.blob_parts ADD COLUMN tenant_id integer;
UPDATE store.blob_parts p SET tenant_id = b.tenant_id FROM store.blobs b WHERE b.id = p.blob_id AND b.job_day = p.job_day;
-- Programs of the version before, which still run while this one is brought in, do not say it: their parts get it with their blob.
CREATE FUNCTION store.give_parts_their_tenant() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE store.blob_parts SET tenant_id = NEW.tenant_id WHERE blob_id = NEW.id AND job_day = NEW.job_day AND tenant_id IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER tenant_of_parts AFTER INSERT ON store.blobs FOR EACH ROW EXECUTE FUNCTION store.give_parts_their_tenant();
ALTER TABLE store.job_outcomes ADD COLUMN tenant_id integer;
UPDATE store.job_outcomes o SET tenant_id = j.tenant_id FROM store.jobs j WHERE j.job_no = o.job_no;
ALTER TABLE store.job_outcomes ALTER COLUMN tenant_id SET NOT NULL;
ALTER TABLE store.job_rejects ADD COLUMN tenant_id integer;
UPDATE store.job_rejects r SET tenant_id = j.tenant_id FROM store.jobs j WHERE j.job_no = r.job_no;
ALTER TABLE store.job_rejects ALTER COLUMN tenant_id SET NOT NULL;
-- A job's counts are its tenant's, whoever writes them: of a job that the writer does not see there is no tenant, and no row.
CREATE FUNCTION store.take_tenant_of_job() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW.tenant_id := (SELECT j.tenant_id FROM store.jobs j WHERE j.job_no = NEW.job_no);
  RETURN NEW;
END $$;
CREATE TRIGGER tenant_of_job BEFORE INSERT ON store.job_outcomes FOR EACH ROW EXECUTE FUNCTION store.take_tenant_of_job();
CREATE TRIGGER tenant_of_job BEFORE INSERT ON store.job_rejects FOR EACH ROW EXECUTE FUNCTION store.take_tenant_of_job();

SELECT store.enforce_tenant(format('store.%I', t), api, worker) FROM (VALUES
  ('api_keys',         'SELECT, INSERT, UPDATE', ''),
  ('approvals',        'SELECT, INSERT',         'SELECT'),
  ('artifacts',        'SELECT, UPDATE',         'SELECT, INSERT, UPDATE'),
  ('attempts',         'SELECT, UPDATE',         'SELECT, INSERT, UPDATE'),
  ('blob_parts',       'SELECT, INSERT',         'SELECT, INSERT'),
  ('blobs',            'SELECT, INSERT',         'SELECT, INSERT'),
  ('chunks',           'SELECT, INSERT, UPDATE', 'SELECT, INSERT, UPDATE'),
  ('decisions',        'SELECT, INSERT',         'SELECT'),
  ('evidence',         'SELECT',                 'SELECT, INSERT'),
  ('hold_batches',     'SELECT, INSERT',         ''),
  ('idempotency_keys', 'SELECT, INSERT',         'SELECT, DELETE'),
  ('job_numbers',      'SELECT, INSERT',         'SELECT'),
  ('job_outcomes',     'SELECT, INSERT, UPDATE', 'SELECT, INSERT, UPDATE'),
  ('job_rejects',      'SELECT, INSERT',         'SELECT'),
  ('jobs',             'SELECT, INSERT, UPDATE', 'SELECT, UPDATE'),
  ('ledger',           'SELECT, INSERT',         'SELECT, INSERT'),
  ('poll_history',     'SELECT',                 'SELECT, INSERT'),
  ('quarantined_rows', '',                       'SELECT, INSERT, DELETE'),
  ('refund_claims',    'SELECT',                 'SELECT, INSERT'),
  ('rejects',          'SELECT, INSERT',         'SELECT'),
  ('replayed_rows',    'SELECT',                 'SELECT, INSERT'),
  ('replays',          'SELECT, INSERT',         'SELECT, UPDATE'),
  ('results',          'SELECT, INSERT',         'SELECT, INSERT, DELETE'),
  ('retry_approvals',  'SELECT, INSERT',         'SELECT'),
  ('tenant_readers',   '',                       '')) AS rights (t, api, worker);
-- A tenant's own row.
SELECT store.wall('store.tenants', 'id');
GRANT SELECT ON store.tenants TO rollcall_api, rollcall_worker;

-- What is the installation's, and no tenant's: accounts, what providers taught of them, and the words of the state machines.
GRANT SELECT ON store.job_edges, store.chunk_edges, store.account_states, store.learned_limits TO rollcall_api, rollcall_worker;
GRANT UPDATE (paused_reason, paused_at, pause_note, poll_rung_at, poll_ring_no, semantics_confirmed, semantics_confirmed_at, semantics_note)
  ON store.account_states TO rollcall_api;
GRANT INSERT, UPDATE ON store.account_states, store.learned_limits TO rollcall_worker;
GRANT SELECT, INSERT, UPDATE ON store.balance_looks TO rollcall_worker;

-- The API for no tenant. By columns: chunks begin and end with a number, and jobs have names.
GRANT SELECT (job_no, state, priority, open_chunks, due_at, planned_at, finished_at) ON store.jobs TO rollcall_installation;
GRANT SELECT (id, job_no, chunk_no, account, state, reason, numbers, attempt_id, due_at, rung_at, ring_no, awaiting_payment_since, changed_at, closed_at),
      UPDATE (state, reason, due_at, rung_at, ring_no) ON store.chunks TO rollcall_installation;
GRANT SELECT (id, account, outcome, outcome_reason, task_id, amount, currency, settled_at) ON store.attempts TO rollcall_installation;
GRANT SELECT ON store.ledger, store.job_outcomes, store.account_states, store.learned_limits, store.chunk_edges TO rollcall_installation;
GRANT UPDATE ON store.account_states TO rollcall_installation;

-- Whose a key is, before anything else of it is read.
CREATE FUNCTION store.tenant_of_key(key_id text) RETURNS integer LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT tenant_id FROM store.api_keys WHERE id = key_id
$$;
GRANT EXECUTE ON FUNCTION store.tenant_of_key(text) TO rollcall_api;

-- Whether a task is another attempt's, of whichever tenant: a task is paid for once.
CREATE FUNCTION store.is_task_in_use(origin text, task text, except_attempt text) RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM store.attempts WHERE provider_origin = origin AND task_id = task AND id <> except_attempt)
$$;
GRANT EXECUTE ON FUNCTION store.is_task_in_use(text, text, text) TO rollcall_api, rollcall_worker;

-- Money of an account was freed: one of the chunks that wait for its cap, of whichever tenant, is looked at again. Where there is room for any it is for the
-- smallest, and what that finds goes for all.
CREATE FUNCTION store.wake_capped_chunk(of_account text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE store.chunks SET due_at = clock_timestamp(), rung_at = NULL
   WHERE id = (SELECT c.id FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no AND j.state = 'running'
                WHERE c.account = of_account AND c.state = 'blocked' AND c.reason = 'account_cap'
                ORDER BY c.numbers, c.id LIMIT 1 FOR UPDATE OF c SKIP LOCKED)
$$;
GRANT EXECUTE ON FUNCTION store.wake_capped_chunk(text) TO rollcall_api, rollcall_worker;

-- ANALYZE is the owner's.
CREATE FUNCTION store.analyse_rows() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  ANALYZE store.results;
  ANALYZE store.job_numbers;
  ANALYZE store.rejects;
END $$;
GRANT EXECUTE ON FUNCTION store.analyse_rows() TO rollcall_worker;

-- The queue's own schema, where there is no Redis. What is there belongs to whoever a program of the version before logged in as, also where one starts
-- after this migration.
CREATE FUNCTION store.ensure_queue_schema() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  taken text;
  its   constant oid := 'rollcall_queue'::regrole;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('store.ensure_queue_schema'));
  IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'bullmq') THEN
    CREATE SCHEMA bullmq AUTHORIZATION rollcall_queue;
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM pg_namespace WHERE nspname = 'bullmq' AND nspowner <> its) THEN
    IF NOT pg_has_role(current_user, (SELECT nspowner FROM pg_namespace WHERE nspname = 'bullmq'), 'USAGE') THEN
      RAISE EXCEPTION 'the schema bullmq belongs to the role %, and not to %. What is in it is disposable; stop the programs of the version before, and as that role say: DROP SCHEMA bullmq CASCADE;',
        (SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'bullmq'), quote_ident(current_user) USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- An owner who is no superuser reaches into the schema while it is his own: it changes hands last, and until then the next owner needs a right to it.
    GRANT ALL ON SCHEMA bullmq TO rollcall_queue;
  END IF;
  FOR taken IN
    -- Indexes, and sequences of a column, go with their table.
    SELECT format('%s %s', CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, c.oid::regclass)
      FROM pg_class c WHERE relnamespace = 'bullmq'::regnamespace AND relowner <> its AND relkind IN ('r', 'p', 'v', 'S')
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0)
    UNION ALL
    SELECT format('ROUTINE %s', oid::regprocedure) FROM pg_proc WHERE pronamespace = 'bullmq'::regnamespace AND proowner <> its
    UNION ALL
    SELECT format('TYPE %s', t.oid::regtype) FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
     WHERE typnamespace = 'bullmq'::regnamespace AND typowner <> its AND (typtype IN ('e', 'd') OR c.relkind = 'c')
    UNION ALL
    SELECT 'SCHEMA bullmq' FROM pg_namespace WHERE nspname = 'bullmq' AND nspowner <> its
  LOOP
    EXECUTE format('ALTER %s OWNER TO rollcall_queue', taken);
  END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION store.ensure_queue_schema() TO rollcall_queue;
SELECT store.ensure_queue_schema();

GRANT SELECT ON ALL TABLES IN SCHEMA rollcall TO rollcall_api, rollcall_worker;
GRANT SELECT ON store.attempt_money TO rollcall_api, rollcall_worker;
GRANT EXECUTE ON FUNCTION rollcall.audit(text), store.answer_rank(text) TO rollcall_api, rollcall_worker, rollcall_analyst;

-- Of an exchange only what is shown: `raw_body` is no analyst's.
CREATE OR REPLACE VIEW rollcall.held_chunks AS
SELECT c.id AS chunk_id, j.id AS job_id, c.account, j.check_name, c.numbers, c.reason,
       COALESCE(c.held_detail, a.outcome_reason) AS detail,
       a.id AS attempt_id, a.task_id, a.outcome AS attempt_outcome,
       a.amount AS money_at_risk, a.currency, c.held_since,
       a.created_at AS intended_at, e.started_at AS upload_started_at, a.settled_at,
       e.headers_sent, e.body_bytes, e.body_bytes_sent, e.http_status, e.transport_error, e.body_excerpt,
       a.balance_before, a.balance_before_at, a.balance_after, a.balance_after_at
  FROM store.chunks c
  JOIN store.jobs j ON j.job_no = c.job_no
  JOIN store.attempts a ON a.id = c.attempt_id
  LEFT JOIN LATERAL (
    SELECT o.started_at, o.headers_sent, o.body_bytes, o.body_bytes_sent, o.http_status, o.transport_error, o.body_excerpt
      FROM store.evidence o WHERE o.attempt_id = a.id AND o.operation = 'submit' ORDER BY o.id LIMIT 1) e ON true
 WHERE c.state = 'held';
CREATE OR REPLACE VIEW rollcall.paid_twice AS
SELECT c.id AS chunk_id, j.id AS job_id, a.account, a.id AS attempt_id, e.task_id, a.amount, a.currency, a.outcome AS lifted_to,
       e.recorded_at > p.created_at AS told_after_approval, e.recorded_at AS told_at, p.approved_by, p.why, p.created_at AS approved_at
  FROM store.approvals p
  JOIN store.attempts a ON a.id = p.attempt_id
  JOIN store.chunks c ON c.id = a.chunk_id
  JOIN store.jobs j ON j.job_no = c.job_no
  JOIN LATERAL (SELECT o.task_id, o.recorded_at FROM store.evidence o
                 WHERE o.attempt_id = a.id AND o.operation = 'submit' AND o.verdict = 'accepted' ORDER BY o.id LIMIT 1) e ON true
 WHERE EXISTS (SELECT FROM store.ledger l WHERE l.attempt_id = a.id AND l.entry = 'write_off');

-- Opens the views to analysts: with the rights of whoever asks (`security_invoker`, which CREATE OR REPLACE VIEW takes away), and so with those columns of
-- tables that a view shows. `migrate` calls it after the last file that it applies.
CREATE FUNCTION store.open_views() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  the_view regclass;
  the_table regclass;
  shown    text;
BEGIN
  FOR the_view IN SELECT oid FROM pg_class WHERE relkind = 'v' AND relnamespace IN ('rollcall'::regnamespace, 'store'::regnamespace)
                     AND NOT COALESCE(reloptions, '{}') @> ARRAY['security_invoker=true'] LOOP
    EXECUTE format('ALTER VIEW %s SET (security_invoker = true)', the_view);
  END LOOP;
  GRANT SELECT ON ALL TABLES IN SCHEMA rollcall TO rollcall_api, rollcall_worker, rollcall_analyst;
  FOR the_table, shown IN
    SELECT d.refobjid, string_agg(DISTINCT quote_ident(a.attname), ', ')
      FROM pg_rewrite w
      JOIN pg_class v ON v.oid = w.ev_class AND v.relkind = 'v' AND v.relnamespace IN ('rollcall'::regnamespace, 'store'::regnamespace)
      JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
      JOIN pg_class t ON t.oid = d.refobjid AND t.relnamespace = 'store'::regnamespace
      JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
     GROUP BY d.refobjid LOOP
    EXECUTE format('GRANT SELECT (%s) ON %s TO rollcall_analyst', shown, the_table);
  END LOOP;
END $$;
-- What rollcall.audit counts.
GRANT SELECT ON store.jobs TO rollcall_analyst;
GRANT SELECT (job_no, job_day) ON store.job_numbers, store.rejects, store.results TO rollcall_analyst;
GRANT SELECT (job_no, numbers) ON store.job_outcomes TO rollcall_analyst;
GRANT SELECT (job_no, numbers, state) ON store.chunks TO rollcall_analyst;
SELECT store.open_views();
