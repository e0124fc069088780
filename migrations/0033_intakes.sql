-- An erasure takes out what is stored. What an API is still reading when a number is erased would bring it back after the receipt, so an erasure
-- waits for the uploads that began before it (docs/decisions/0023).

-- Uploads that are being received: one row from before the first byte of a body is read until its job is stored, in the transaction that stores
-- it, or it is clear that nothing will be.
CREATE TABLE store.intakes (
  intake_no  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id  integer NOT NULL REFERENCES store.tenants,
  began_in   xid8 NOT NULL DEFAULT pg_current_xact_id(),
  -- Whoever has not begun to store it by then does not any more: an API that died leaves its rows behind.
  ends_at    timestamptz NOT NULL
);
SELECT store.enforce_tenant('store.intakes', 'SELECT, INSERT, DELETE', 'SELECT, DELETE');
-- For the lock alone: a row that somebody is storing by is not swept.
GRANT UPDATE (ends_at) ON store.intakes TO rollcall_worker;

-- Which transactions an erasure waits for is said by a worker that sees it, and not any more by the one that asked: until that one had ended, others
-- began that saw nothing of it. Workers of the version before find no erasure until they are replaced.
ALTER TABLE store.erasures RENAME COLUMN asked_in TO seen_in;
ALTER TABLE store.erasures ALTER COLUMN seen_in DROP NOT NULL, ALTER COLUMN seen_in DROP DEFAULT;
UPDATE store.erasures SET seen_in = NULL;
DROP FUNCTION store.is_visible(xid8);

-- Whether nobody is left who began before an erasure was seen: every transaction of that time has ended, so that its rows can be seen, and so has every
-- upload. What began since knows of it.
CREATE FUNCTION store.is_alone(of_tenant integer, seen_in xid8) RETURNS boolean LANGUAGE sql VOLATILE SET search_path = pg_catalog AS $$
  SELECT pg_snapshot_xmin(pg_current_snapshot()) > seen_in
     AND NOT EXISTS (SELECT FROM store.intakes i WHERE i.tenant_id = of_tenant AND i.began_in < seen_in)
$$;
GRANT EXECUTE ON FUNCTION store.is_alone(integer, xid8) TO rollcall_worker;
