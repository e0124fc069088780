-- What a person who decides on a held chunk wants to know, and decisions on many holds at once.

-- Of an upload: how much of its body the operating system took from us; what was sent is at most that. Null: not an upload, or not known.
ALTER TABLE store.evidence
  ADD COLUMN body_bytes       bigint CHECK (body_bytes >= 0),
  ADD COLUMN body_bytes_sent  bigint CHECK (body_bytes_sent BETWEEN 0 AND body_bytes);

-- A hold waits since its attempt was held first: a decision that led back to a hold begins no new waiting.
ALTER TABLE store.chunks
  ADD COLUMN held_since       timestamptz,
  ADD COLUMN held_attempt_id  text;
UPDATE store.chunks SET held_since = changed_at, held_attempt_id = attempt_id WHERE state = 'held';
ALTER TABLE store.chunks ADD CONSTRAINT held_has_a_beginning CHECK (state <> 'held' OR held_since IS NOT NULL);
CREATE FUNCTION store.keep_held_since() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.held_since IS NULL OR NEW.held_attempt_id IS DISTINCT FROM NEW.attempt_id THEN
    NEW.held_since := clock_timestamp();
    NEW.held_attempt_id := NEW.attempt_id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER held_since BEFORE INSERT OR UPDATE OF state ON store.chunks FOR EACH ROW
  WHEN (NEW.state = 'held') EXECUTE FUNCTION store.keep_held_since();
-- A hold list, oldest first.
DROP INDEX store.chunks_held;
CREATE INDEX chunks_held ON store.chunks (tenant_id, held_since, id) WHERE state = 'held';

-- The balance that the provider told last before an upload, and first after its outcome was given up: a hint for a person, who knows what
-- else was sent in between. Nothing is decided by it.
ALTER TABLE store.attempts
  ADD COLUMN balance_before     numeric(20,9),
  ADD COLUMN balance_before_at  timestamptz,
  ADD COLUMN balance_after      numeric(20,9),
  ADD COLUMN balance_after_at   timestamptz;
CREATE FUNCTION store.keep_balance_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT s.balance, s.balance_at INTO NEW.balance_before, NEW.balance_before_at FROM store.account_states s WHERE s.account = NEW.account;
  RETURN NEW;
END $$;
CREATE TRIGGER balance_before BEFORE INSERT ON store.attempts FOR EACH ROW EXECUTE FUNCTION store.keep_balance_before();
-- When an account was asked for its balance for that reason: at most once in a while, over all processes.
CREATE TABLE store.balance_looks (
  account    text PRIMARY KEY REFERENCES store.account_states,
  looked_at  timestamptz NOT NULL
);

-- Decisions on many holds under one Idempotency-Key: what is sent twice decides once.
CREATE TABLE store.hold_batches (
  tenant_id    integer NOT NULL REFERENCES store.tenants,
  key          text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  fingerprint  bytea NOT NULL CHECK (length(fingerprint) = 32),
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, key)
);
ALTER TABLE store.decisions ADD COLUMN batch_key text;
CREATE INDEX decisions_by_batch ON store.decisions (tenant_id, batch_key) WHERE batch_key IS NOT NULL;

CREATE INDEX ledger_write_offs ON store.ledger (tenant_id, account) WHERE entry = 'write_off';

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
  LEFT JOIN LATERAL (SELECT * FROM store.evidence o WHERE o.attempt_id = a.id AND o.operation = 'submit' ORDER BY o.id LIMIT 1) e ON true
 WHERE c.state = 'held';

COMMENT ON COLUMN rollcall.held_chunks.held_since IS 'Since when it waits: since this attempt was held first, whatever was decided and undone meanwhile.';
COMMENT ON COLUMN rollcall.held_chunks.intended_at IS 'When its money was reserved and the intent to send it committed, before the first byte left.';
COMMENT ON COLUMN rollcall.held_chunks.upload_started_at IS 'When the upload began. Null, as the next six columns are: its worker died or is silent, and nobody knows what it sent.';
COMMENT ON COLUMN rollcall.held_chunks.settled_at IS 'When its outcome was known, or given up as unknown.';
COMMENT ON COLUMN rollcall.held_chunks.headers_sent IS 'False: it is proved that nothing was sent.';
COMMENT ON COLUMN rollcall.held_chunks.body_bytes IS 'Bytes of the upload''s body.';
COMMENT ON COLUMN rollcall.held_chunks.body_bytes_sent IS 'How many of them the operating system took from us. At most so many arrived; that all did proves nothing.';
COMMENT ON COLUMN rollcall.held_chunks.http_status IS 'The status that was answered; null: none came.';
COMMENT ON COLUMN rollcall.held_chunks.transport_error IS 'How the connection failed, where it did.';
COMMENT ON COLUMN rollcall.held_chunks.body_excerpt IS 'The beginning of what was answered, numbers and keys masked.';
COMMENT ON COLUMN rollcall.held_chunks.balance_before IS 'What the provider said last of the account''s balance before the upload; null: it never did. A hint: other uploads may lie in between.';
COMMENT ON COLUMN rollcall.held_chunks.balance_before_at IS 'When it said so.';
COMMENT ON COLUMN rollcall.held_chunks.balance_after IS 'The first balance that it told after the outcome was given up as unknown; null: not asked yet, or it has no such call.';
COMMENT ON COLUMN rollcall.held_chunks.balance_after_at IS 'When it said so.';

CREATE VIEW rollcall.paid_twice AS
SELECT c.id AS chunk_id, j.id AS job_id, a.account, a.id AS attempt_id, e.task_id, a.amount, a.currency, a.outcome AS lifted_to,
       e.recorded_at > p.created_at AS told_after_approval, e.recorded_at AS told_at, p.approved_by, p.why, p.created_at AS approved_at
  FROM store.approvals p
  JOIN store.attempts a ON a.id = p.attempt_id
  JOIN store.chunks c ON c.id = a.chunk_id
  JOIN store.jobs j ON j.job_no = c.job_no
  JOIN LATERAL (SELECT * FROM store.evidence o WHERE o.attempt_id = a.id AND o.operation = 'submit' AND o.verdict = 'accepted' ORDER BY o.id LIMIT 1) e ON true;

COMMENT ON VIEW rollcall.paid_twice IS 'One row per upload that a person paid for again and that the provider is known to have taken: its money went twice, unless the provider gives it back.';
COMMENT ON COLUMN rollcall.paid_twice.chunk_id IS 'Id of the chunk.';
COMMENT ON COLUMN rollcall.paid_twice.job_id IS 'Id of its job.';
COMMENT ON COLUMN rollcall.paid_twice.account IS 'Account that it was sent to.';
COMMENT ON COLUMN rollcall.paid_twice.attempt_id IS 'The earlier upload.';
COMMENT ON COLUMN rollcall.paid_twice.task_id IS 'The task that it became: what to name when claiming the money back.';
COMMENT ON COLUMN rollcall.paid_twice.amount IS 'What it cost, by configured price.';
COMMENT ON COLUMN rollcall.paid_twice.currency IS 'Currency of that amount (ISO 4217).';
COMMENT ON COLUMN rollcall.paid_twice.lifted_to IS 'written_off, or not_charged: what the person who paid again said of it.';
COMMENT ON COLUMN rollcall.paid_twice.told_after_approval IS 'True: nobody could know when it was paid again, its answer came late.';
COMMENT ON COLUMN rollcall.paid_twice.told_at IS 'When the answer came.';
COMMENT ON COLUMN rollcall.paid_twice.approved_by IS 'Who paid again.';
COMMENT ON COLUMN rollcall.paid_twice.why IS 'Why.';
COMMENT ON COLUMN rollcall.paid_twice.approved_at IS 'When.';
