-- The audit trail: who did what, for which tenant, why, and how many it concerned. A chain for each tenant, and chain 0 for what no tenant is
-- known of; each row holds the hash of the one before it, so that a row that was changed, taken out or put elsewhere shows. Nothing but
-- store.append_audit writes here. docs/audit-trail.md says what is in it, and how it is verified by who has only the rows.

-- Free text without what may be a phone number: seven digits or more, also grouped as people write them. Ids, SHA-256 in hex, dates, times and
-- what is called an address stay. The digits of other scripts by name, since \d means what the database's locale says.
CREATE FUNCTION store.without_numbers(given text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  digit       constant text := '[0-9٠-٩۰-۹०-९০-৯０-９]';
  number_like constant text := '\+?' || digit || '(?:[\s().\-/‐-―]{0,3}' || digit || '){6,}';
  -- Looked for one by one: as alternatives of one expression they take Postgres a hundred times as long.
  harmless    constant text[] := ARRAY[
    '(?<![0-9a-z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-z])',
    '(?<![0-9a-z])(?=[0-9]*[a-f])[0-9a-f]{64}(?![0-9a-z])',
    '(?<![0-9])20[0-9][0-9]-[01][0-9]-[0-3][0-9](?:T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?Z)?(?![0-9])',
    'address [0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![.0-9])'];
  -- Of private use, one for each of these.
  marks       constant text[] := ARRAY[chr(57344), chr(57345), chr(57346), chr(57347)];
  before      text[];
  bare        text;
  found       text[];
BEGIN
  IF given IS NULL OR given !~ number_like THEN RETURN given; END IF;
  bare := translate(given, array_to_string(marks, ''), '');
  FOR kind IN 1..4 LOOP
    before[kind] := bare;
    bare := regexp_replace(bare, harmless[kind], marks[kind], 'g');
  END LOOP;
  IF bare !~ number_like THEN RETURN given; END IF;
  bare := regexp_replace(bare, number_like, '[number]', 'g');
  FOR kind IN 1..4 LOOP
    found := ARRAY(SELECT m[1] FROM regexp_matches(before[kind], '(' || harmless[kind] || ')', 'g') m);
    bare := (SELECT string_agg(piece || COALESCE(found[place], ''), '' ORDER BY place)
               FROM unnest(string_to_array(bare, marks[kind])) WITH ORDINALITY AS pieces (piece, place));
  END LOOP;
  RETURN bare;
END $$;

-- As one text for that, without the escapes of JSON, whose digits are nobody's.
CREATE FUNCTION store.said_in(detail jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(key || '=' || value, '|' ORDER BY key) FROM jsonb_each_text(detail)
$$;

CREATE TABLE store.audit_trail (
  -- The tenant's id; 0: the installation.
  chain      integer NOT NULL CHECK (chain >= 0),
  number     bigint NOT NULL CHECK (number >= 1),
  tenant_id  integer REFERENCES store.tenants,
  at         timestamptz NOT NULL,
  -- `key_… (name)`, `address …`, or `system`.
  actor      text NOT NULL CHECK (length(actor) BETWEEN 1 AND 400),
  action     text NOT NULL CHECK (action ~ '^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$' AND length(action) <= 60),
  -- The id of what it was done to.
  subject    text CHECK (length(subject) BETWEEN 1 AND 400),
  purpose    text CHECK (length(purpose) <= 600),
  -- {"numbers": 1200}: whole, and too small to be a phone number.
  counts     jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(counts) = 'object'),
  detail     jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(detail) = 'object'),
  prev_hash  bytea NOT NULL CHECK (length(prev_hash) = 32),
  hash       bytea NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (chain, number),
  CONSTRAINT chain_is_the_tenant CHECK (chain = COALESCE(tenant_id, 0)),
  CONSTRAINT no_numbers_in_the_trail CHECK (store.without_numbers(concat_ws('|', actor, subject, purpose, store.said_in(detail)))
                                            = concat_ws('|', actor, subject, purpose, store.said_in(detail))),
  CONSTRAINT counts_are_small CHECK (NOT jsonb_path_exists(counts, '$.* ? (@.type() != "number" || @ < 0 || @ >= 1000000000 || @.floor() != @)')),
  CONSTRAINT details_are_text CHECK (NOT jsonb_path_exists(detail, '$.* ? (@.type() != "string")'))
);

-- Where each chain ends. Locked last in a transaction: whoever appends to the chain waits for its COMMIT.
CREATE TABLE store.audit_heads (
  chain      integer PRIMARY KEY CHECK (chain >= 0),
  tenant_id  integer REFERENCES store.tenants,
  number     bigint NOT NULL CHECK (number >= 0),
  hash       bytea NOT NULL CHECK (length(hash) = 32),
  CONSTRAINT chain_is_the_tenant CHECK (chain = COALESCE(tenant_id, 0))
);

-- What is hashed: a JSON array without spaces, [chain, number, "at", "actor", "action", subject, purpose, counts, detail, "prev_hash"], the
-- time in UTC to the microsecond, hashes in hex, counts and detail as [name, value] pairs in the order of their names' bytes.
CREATE FUNCTION store.audit_text(row_of store.audit_trail) RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT '[' || concat_ws(',', row_of.chain, row_of.number,
    to_json(to_char(row_of.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
    to_json(row_of.actor), to_json(row_of.action),
    COALESCE(to_json(row_of.subject)::text, 'null'), COALESCE(to_json(row_of.purpose)::text, 'null'),
    '[' || COALESCE((SELECT string_agg('[' || to_json(key) || ',' || value || ']', ',' ORDER BY key COLLATE "C") FROM jsonb_each_text(row_of.counts)), '') || ']',
    '[' || COALESCE((SELECT string_agg('[' || to_json(key) || ',' || to_json(value) || ']', ',' ORDER BY key COLLATE "C") FROM jsonb_each_text(row_of.detail)), '') || ']',
    to_json(encode(row_of.prev_hash, 'hex'))) || ']'
$$;

-- The one writer. It counts, takes the time and hashes itself, so that who may call it can add to the trail and nothing else. A caller that is
-- bound to a tenant adds to that tenant's chain, or to the installation's.
CREATE FUNCTION store.append_audit(
  of_tenant integer, by_actor text, what text, on_subject text, for_purpose text, with_counts jsonb, with_detail jsonb
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  bound  constant text := NULLIF(current_setting('rollcall.tenant', true), '');
BEGIN
  IF bound IS NOT NULL AND of_tenant IS NOT NULL AND of_tenant::text <> bound THEN
    RAISE EXCEPTION 'the trail of another tenant' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF what = 'audit.cut' THEN
    RAISE EXCEPTION 'store.cut_audit writes this' USING ERRCODE = 'insufficient_privilege';
  END IF;
  PERFORM store.append_audit_row(of_tenant, by_actor, what, on_subject, for_purpose, with_counts, with_detail);
END $$;

CREATE FUNCTION store.append_audit_row(
  of_tenant integer, by_actor text, what text, on_subject text, for_purpose text, with_counts jsonb, with_detail jsonb
) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  of_chain constant integer := COALESCE(of_tenant, 0);
  head     store.audit_heads;
  added    store.audit_trail;
BEGIN
  added.chain := of_chain;
  added.tenant_id := of_tenant;
  added.actor := store.without_numbers(left(by_actor, 300));
  added.action := what;
  added.subject := store.without_numbers(left(on_subject, 300));
  added.purpose := store.without_numbers(left(for_purpose, 500));
  added.counts := COALESCE(with_counts, '{}');
  added.detail := COALESCE((SELECT jsonb_object_agg(key, store.without_numbers(left(value, 2000))) FROM jsonb_each_text(with_detail)), '{}');
  -- From here on others wait.
  LOOP
    SELECT * INTO head FROM store.audit_heads WHERE chain = of_chain FOR UPDATE;
    EXIT WHEN FOUND;
    INSERT INTO store.audit_heads VALUES (of_chain, of_tenant, 0, decode(repeat('00', 32), 'hex')) ON CONFLICT DO NOTHING;
  END LOOP;
  added.number := head.number + 1;
  added.at := clock_timestamp();
  added.prev_hash := head.hash;
  added.hash := sha256(convert_to(store.audit_text(added), 'UTF8'));
  INSERT INTO store.audit_trail SELECT added.*;
  UPDATE store.audit_heads SET number = added.number, hash = added.hash WHERE chain = of_chain;
END $$;

-- Takes the old end off a chain: its first rows that are from before `older_than`, at most so many at once, never its head. Returns how many went.
-- First the chain itself says so, with the hash of the last row that goes: the row behind it still has something to refer to.
CREATE FUNCTION store.cut_audit(of_chain integer, older_than timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  head     store.audit_heads;
  through  bigint;
  gone     bigint;
BEGIN
  IF older_than > now() - interval '6 months' THEN
    RAISE EXCEPTION 'the audit trail of the last 6 months is not cut' USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_cut_is_old';
  END IF;
  SELECT * INTO head FROM store.audit_heads WHERE chain = of_chain FOR UPDATE;
  SELECT max(number), count(*) INTO through, gone
    FROM (SELECT number, bool_and(at < older_than) OVER (ORDER BY number) AS is_old
            FROM (SELECT t.number, t.at FROM store.audit_trail t WHERE t.chain = of_chain AND t.number < head.number ORDER BY t.number LIMIT at_most) AS first) AS rows
   WHERE is_old;
  IF gone = 0 THEN RETURN 0; END IF;
  PERFORM store.append_audit_row(head.tenant_id, 'system', 'audit.cut', NULL, NULL, jsonb_build_object('through', through, 'rows', gone),
    (SELECT jsonb_build_object('hash', encode(t.hash, 'hex')) FROM store.audit_trail t WHERE t.chain = of_chain AND t.number = through));
  DELETE FROM store.audit_trail t WHERE t.chain = of_chain AND t.number <= through;
  RETURN gone;
END $$;

-- Rows do not change. They go at the old end alone, once the chain says up to where.
CREATE FUNCTION store.guard_audit_trail() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' AND OLD.number <= (SELECT (t.counts->>'through')::bigint FROM store.audit_trail t
        WHERE t.chain = OLD.chain AND t.action = 'audit.cut' ORDER BY t.number DESC LIMIT 1) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
END $$;
CREATE INDEX audit_cuts ON store.audit_trail (chain, number) WHERE action = 'audit.cut';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON store.audit_trail FOR EACH ROW EXECUTE FUNCTION store.guard_audit_trail();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON store.audit_trail FOR EACH STATEMENT EXECUTE FUNCTION store.guard_audit_trail();

CREATE FUNCTION store.guard_audit_heads() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.chain = OLD.chain AND NEW.number = OLD.number + 1 THEN RETURN NEW; END IF;
  END IF;
  RAISE EXCEPTION 'the head of an audit chain goes on by one row' USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
END $$;
CREATE TRIGGER one_on BEFORE UPDATE OR DELETE ON store.audit_heads FOR EACH ROW EXECUTE FUNCTION store.guard_audit_heads();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON store.audit_heads FOR EACH STATEMENT EXECUTE FUNCTION store.guard_audit_heads();

-- An account that Rollcall itself stops, in the middle of whatever it was doing: told at the very end, since the head of a chain is locked last.
CREATE FUNCTION store.tell_of_pause() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM store.append_audit(NULL, 'system', 'account.paused', NEW.account, NULL, '{}', jsonb_build_object('reason', NEW.paused_reason));
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER tell_of_pause AFTER UPDATE OF paused_reason ON store.account_states DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.paused_reason IS DISTINCT FROM NEW.paused_reason AND NEW.paused_reason IN ('auth','actual_above_price'))
  EXECUTE FUNCTION store.tell_of_pause();

SELECT store.enforce_tenant('store.audit_trail', 'SELECT', 'SELECT');
SELECT store.enforce_tenant('store.audit_heads', 'SELECT', 'SELECT');
GRANT EXECUTE ON FUNCTION store.append_audit TO rollcall_api, rollcall_worker, rollcall_installation;
GRANT EXECUTE ON FUNCTION store.cut_audit TO rollcall_worker;
