-- Chunks, attempts, and the money lock: while an attempt may have been paid for, Postgres itself refuses a second one.

CREATE TABLE store.account_states (
  account              text PRIMARY KEY,
  -- Scheme, host and port of the base URL. Task ids are unique within it; it must not change while chunks are open.
  provider_origin      text NOT NULL,
  adapter              text NOT NULL,
  currency             text NOT NULL,
  paused_reason        text CHECK (paused_reason IN ('operator','auth','actual_above_price')),
  paused_at            timestamptz,
  -- Pace over all processes: the time at which the next request may start (generic cell rate algorithm).
  next_request_at      timestamptz NOT NULL DEFAULT '-infinity',
  -- Unknown outcomes before this moment no longer count against the account.
  breaker_reset_at     timestamptz NOT NULL DEFAULT '-infinity',
  semantics_confirmed  boolean NOT NULL DEFAULT false,
  poll_rung_at         timestamptz,
  poll_ring_no         integer NOT NULL DEFAULT 0,
  balance              numeric(20,9),
  balance_at           timestamptz,
  CHECK ((paused_reason IS NULL) = (paused_at IS NULL))
);

-- What a provider said of its limits when it refused a batch: the server is right, the configuration is a guess.
CREATE TABLE store.learned_limits (
  account      text NOT NULL,
  check_name   text NOT NULL,
  min_numbers  integer CHECK (min_numbers >= 1),
  max_numbers  integer CHECK (max_numbers >= 1),
  learned_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account, check_name)
);

CREATE TABLE store.chunks (
  id                 text PRIMARY KEY CHECK (id LIKE 'chk\_%'),
  job_no             integer NOT NULL REFERENCES store.jobs (job_no),
  tenant_id          integer NOT NULL REFERENCES store.tenants,
  chunk_no           integer NOT NULL CHECK (chunk_no >= 1),
  account            text NOT NULL REFERENCES store.account_states,
  first_number       bigint NOT NULL,
  last_number        bigint NOT NULL CHECK (last_number >= first_number),
  numbers            integer NOT NULL CHECK (numbers >= 1),
  is_canary          boolean NOT NULL DEFAULT false,
  state              text NOT NULL,
  reason             text,
  -- Stable code of what exactly a held chunk met.
  held_detail        text,
  -- Taken at every claim; a write that names an older one changes nothing.
  fence              integer NOT NULL DEFAULT 0,
  -- When somebody must look again: earliest start, next poll, or end of the lease. Null: nothing to wait for.
  due_at             timestamptz,
  rung_at            timestamptz,
  ring_no            integer NOT NULL DEFAULT 0,
  free_tries         integer NOT NULL DEFAULT 0,
  -- The attempt whose task is polled and whose result is read.
  attempt_id         text,
  accepted_at        timestamptz,
  poll_deadline_at   timestamptz,
  polls              integer NOT NULL DEFAULT 0,
  missing_polls      integer NOT NULL DEFAULT 0,
  upstream_failures  integer NOT NULL DEFAULT 0,
  awaiting_payment_since timestamptz,
  last_word          text,
  last_total         bigint,
  last_determined    bigint,
  last_filtered      bigint,
  locator            jsonb,
  locator_refreshes  integer NOT NULL DEFAULT 0,
  ingest_tries       integer NOT NULL DEFAULT 0,
  artifact_id        text,
  cost_per_number    numeric(20,9),
  created_at         timestamptz NOT NULL DEFAULT now(),
  changed_at         timestamptz NOT NULL DEFAULT now(),
  closed_at          timestamptz,
  UNIQUE (job_no, chunk_no),
  -- No number of a job is in two chunks. A superseded chunk was planned anew and was never paid for.
  CONSTRAINT chunks_of_a_job_exclude_each_other EXCLUDE USING gist
    (job_no WITH =, int8range(first_number, last_number, '[]') WITH &&) WHERE (state <> 'superseded'),
  CONSTRAINT known_state CHECK (state IN
    ('ready','submitting','polling','result_ready','ingesting','done','blocked','held','rejected','failed','cancelled','superseded')),
  -- IS TRUE, since a CHECK lets pass what is neither true nor false.
  CONSTRAINT known_reason CHECK (CASE state
    WHEN 'blocked'  THEN (reason IN ('provider_balance','account_cap','job_ceiling','approval_ceiling','breaker','account_paused','auth','canary','canary_rejected','replan')) IS TRUE
    WHEN 'held'     THEN (reason IN ('unknown','upstream_failed','poll','artifact')) IS TRUE
    WHEN 'rejected' THEN reason IS NOT NULL
    ELSE reason IS NULL END),
  CONSTRAINT only_held_has_detail CHECK (held_detail IS NULL OR state = 'held'),
  CONSTRAINT due_while_open CHECK (CASE
    WHEN state IN ('ready','submitting','polling','result_ready','ingesting') THEN due_at IS NOT NULL
    WHEN state = 'blocked' THEN true
    ELSE due_at IS NULL END),
  CONSTRAINT paid_states_name_their_attempt CHECK (state NOT IN ('submitting','polling','result_ready','ingesting','done','held') OR attempt_id IS NOT NULL),
  CONSTRAINT polling_has_a_deadline CHECK (state NOT IN ('polling') OR poll_deadline_at IS NOT NULL),
  CONSTRAINT a_result_can_be_found CHECK (state NOT IN ('result_ready','ingesting') OR locator IS NOT NULL OR artifact_id IS NOT NULL),
  CONSTRAINT only_polling_awaits_payment CHECK (awaiting_payment_since IS NULL OR state = 'polling'),
  CONSTRAINT done_has_its_artifact CHECK (state <> 'done' OR artifact_id IS NOT NULL),
  CONSTRAINT closed_when_final CHECK ((state IN ('done','rejected','failed','cancelled','superseded')) = (closed_at IS NOT NULL))
);
CREATE INDEX chunks_due ON store.chunks (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX chunks_ready ON store.chunks (account, due_at) WHERE state = 'ready';
CREATE INDEX chunks_submitting ON store.chunks (account) WHERE state = 'submitting';
CREATE INDEX chunks_polling ON store.chunks (account, due_at) WHERE state = 'polling';
CREATE INDEX chunks_waiting ON store.chunks (account, reason) WHERE state IN ('blocked','held');

-- The edges of a chunk; a test holds them to packages/domain/chunk.ts and docs/state-machine.md.
CREATE TABLE store.chunk_edges (from_state text, to_state text, PRIMARY KEY (from_state, to_state));
INSERT INTO store.chunk_edges VALUES
  ('ready','submitting'), ('ready','blocked'), ('ready','cancelled'), ('ready','superseded'),
  ('submitting','polling'), ('submitting','ready'), ('submitting','blocked'), ('submitting','rejected'),
  ('submitting','held'), ('submitting','cancelled'),
  ('blocked','ready'), ('blocked','cancelled'), ('blocked','superseded'),
  ('polling','result_ready'), ('polling','held'),
  ('result_ready','ingesting'),
  ('ingesting','done'), ('ingesting','result_ready'), ('ingesting','polling'), ('ingesting','held'),
  ('held','polling'), ('held','ready'), ('held','result_ready'), ('held','failed');

CREATE FUNCTION store.refuse_unknown_chunk_edge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM store.chunk_edges e WHERE e.from_state = OLD.state AND e.to_state = NEW.state) THEN
    RAISE EXCEPTION 'a chunk does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation', CONSTRAINT = 'chunk_edges';
  END IF;
  NEW.changed_at := now();
  RETURN NEW;
END $$;
CREATE TRIGGER chunk_edges BEFORE UPDATE OF state ON store.chunks FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION store.refuse_unknown_chunk_edge();

-- A person's word that an attempt which may have been paid for no longer locks its chunk. It serves one attempt.
CREATE TABLE store.approvals (
  id            text PRIMARY KEY CHECK (id LIKE 'apr\_%'),
  tenant_id     integer NOT NULL REFERENCES store.tenants,
  chunk_id      text NOT NULL REFERENCES store.chunks,
  attempt_id    text NOT NULL UNIQUE,
  lifted_to     text NOT NULL CHECK (lifted_to IN ('not_charged','written_off')),
  approved_by   text NOT NULL CHECK (length(approved_by) BETWEEN 1 AND 200),
  why           text NOT NULL CHECK (length(why) BETWEEN 1 AND 2000),
  cost_ceiling  numeric(20,9) NOT NULL CHECK (cost_ceiling >= 0),
  created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE store.attempts (
  id                text PRIMARY KEY CHECK (id LIKE 'att\_%'),
  chunk_id          text NOT NULL REFERENCES store.chunks,
  tenant_id         integer NOT NULL REFERENCES store.tenants,
  attempt_no        integer NOT NULL CHECK (attempt_no >= 1),
  fence             integer NOT NULL,
  account           text NOT NULL,
  provider_origin   text NOT NULL,
  outcome           text NOT NULL DEFAULT 'intent' CHECK (outcome IN
                      ('intent','accepted','refused_free','not_sent','unknown','not_charged','written_off')),
  outcome_reason    text,
  numbers           integer NOT NULL CHECK (numbers >= 1),
  price_per_number  numeric(20,9) NOT NULL CHECK (price_per_number >= 0),
  amount            numeric(20,9) NOT NULL CHECK (amount >= 0),
  currency          text NOT NULL,
  task_id           text,
  approval_id       text REFERENCES store.approvals,
  created_at        timestamptz NOT NULL DEFAULT now(),
  settled_at        timestamptz,
  UNIQUE (chunk_id, attempt_no),
  CONSTRAINT accepted_has_a_task CHECK (outcome <> 'accepted' OR task_id IS NOT NULL),
  CONSTRAINT settled_when_not_open CHECK ((outcome = 'intent') = (settled_at IS NULL))
);
-- The money lock.
CREATE UNIQUE INDEX one_attempt_that_may_cost ON store.attempts (chunk_id) WHERE outcome IN ('intent','accepted','unknown');
CREATE UNIQUE INDEX one_attempt_per_task ON store.attempts (provider_origin, task_id) WHERE task_id IS NOT NULL;
CREATE UNIQUE INDEX one_payment_per_approval ON store.attempts (approval_id)
  WHERE approval_id IS NOT NULL AND outcome NOT IN ('not_sent','refused_free');
CREATE INDEX attempts_unknown ON store.attempts (account, settled_at) WHERE outcome = 'unknown';
ALTER TABLE store.approvals ADD FOREIGN KEY (attempt_id) REFERENCES store.attempts;
ALTER TABLE store.chunks ADD FOREIGN KEY (attempt_id) REFERENCES store.attempts;

CREATE FUNCTION store.guard_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  approval store.approvals;
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'attempts are never deleted' USING ERRCODE = 'check_violation', CONSTRAINT = 'attempts_are_kept';
  END IF;

  IF TG_OP = 'INSERT' THEN
    IF NEW.outcome <> 'intent' THEN
      RAISE EXCEPTION 'an attempt begins as an intent' USING ERRCODE = 'check_violation', CONSTRAINT = 'attempts_begin_as_intent';
    END IF;
    -- Money may have been spent on this chunk before: only an approval that is not used up opens it again.
    IF EXISTS (SELECT FROM store.attempts a WHERE a.chunk_id = NEW.chunk_id AND a.outcome IN ('not_charged','written_off')) THEN
      SELECT * INTO approval FROM store.approvals p WHERE p.id = NEW.approval_id AND p.chunk_id = NEW.chunk_id;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'paying again needs an approval' USING ERRCODE = 'check_violation', CONSTRAINT = 'paying_again_needs_approval';
      END IF;
      IF NEW.amount > approval.cost_ceiling THEN
        RAISE EXCEPTION 'the approval allows % and this would cost %', approval.cost_ceiling, NEW.amount
          USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_cost_ceiling';
      END IF;
    ELSIF NEW.approval_id IS NOT NULL THEN
      RAISE EXCEPTION 'a first payment needs no approval' USING ERRCODE = 'check_violation', CONSTRAINT = 'paying_again_needs_approval';
    END IF;
    RETURN NEW;
  END IF;

  IF (NEW.id, NEW.chunk_id, NEW.attempt_no, NEW.fence, NEW.account, NEW.provider_origin, NEW.numbers, NEW.price_per_number, NEW.amount, NEW.currency)
     IS DISTINCT FROM
     (OLD.id, OLD.chunk_id, OLD.attempt_no, OLD.fence, OLD.account, OLD.provider_origin, OLD.numbers, OLD.price_per_number, OLD.amount, OLD.currency)
     OR NEW.approval_id IS DISTINCT FROM OLD.approval_id
     OR (OLD.task_id IS NOT NULL AND NEW.task_id IS DISTINCT FROM OLD.task_id) THEN
    RAISE EXCEPTION 'the facts of an attempt do not change' USING ERRCODE = 'check_violation', CONSTRAINT = 'attempt_facts';
  END IF;
  IF NEW.outcome = OLD.outcome THEN
    RETURN NEW;
  END IF;
  IF (OLD.outcome = 'intent' AND NEW.outcome IN ('accepted','refused_free','not_sent','unknown'))
     OR (OLD.outcome = 'unknown' AND NEW.outcome = 'accepted') THEN
    RETURN NEW;
  END IF;
  IF OLD.outcome IN ('unknown','accepted') AND NEW.outcome IN ('not_charged','written_off')
     AND EXISTS (SELECT FROM store.approvals p WHERE p.attempt_id = NEW.id AND p.lifted_to = NEW.outcome) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'an attempt does not go from % to %', OLD.outcome, NEW.outcome USING ERRCODE = 'check_violation', CONSTRAINT = 'attempt_edges';
END $$;
CREATE TRIGGER guard_attempts BEFORE INSERT OR UPDATE OR DELETE ON store.attempts FOR EACH ROW EXECUTE FUNCTION store.guard_attempts();

CREATE FUNCTION store.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
END $$;

-- Every answer that any worker ever got, however late. Keyed by the attempt, not by the fence.
CREATE TABLE store.evidence (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  attempt_id       text NOT NULL REFERENCES store.attempts,
  tenant_id        integer NOT NULL,
  operation        text NOT NULL CHECK (operation IN ('submit','status','download','balance')),
  verdict          text NOT NULL,
  task_id          text,
  started_at       timestamptz NOT NULL,
  duration_ms      integer NOT NULL,
  headers_sent     boolean NOT NULL,
  http_status      integer,
  body_excerpt     text,
  raw_body         bytea,
  transport_error  text,
  recorded_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX evidence_by_attempt ON store.evidence (attempt_id, id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON store.evidence FOR EACH ROW EXECUTE FUNCTION store.refuse_change();

-- What the provider said of a task at each poll; `applied` is false where the word was not understood or came too late.
CREATE TABLE store.poll_history (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  chunk_id    text NOT NULL REFERENCES store.chunks,
  attempt_id  text NOT NULL REFERENCES store.attempts,
  tenant_id   integer NOT NULL,
  answer      text NOT NULL,
  word        text,
  phase       text,
  total       bigint,
  success     bigint,
  failure     bigint,
  filtered    bigint,
  applied     boolean NOT NULL,
  at          timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX poll_history_by_chunk ON store.poll_history (chunk_id, id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON store.poll_history FOR EACH ROW EXECUTE FUNCTION store.refuse_change();

-- The ledger: what each attempt reserved, and what became of it. Totals come from here and nowhere else.
CREATE TABLE store.ledger (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  attempt_id  text NOT NULL REFERENCES store.attempts,
  tenant_id   integer NOT NULL,
  job_no      integer NOT NULL REFERENCES store.jobs (job_no),
  account     text NOT NULL,
  currency    text NOT NULL,
  entry       text NOT NULL CHECK (entry IN ('reserve','commit','release','at_risk','write_off','provider_estimated','provider_actual')),
  amount      numeric(20,9) NOT NULL CHECK (amount >= 0),
  at          timestamptz NOT NULL DEFAULT now(),
  UNIQUE (attempt_id, entry)
);
CREATE INDEX ledger_by_account ON store.ledger (account, at);
CREATE INDEX ledger_by_job ON store.ledger (job_no);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON store.ledger FOR EACH ROW EXECUTE FUNCTION store.refuse_change();

-- Where each attempt's money is now: exactly one of the five.
CREATE VIEW store.attempt_money AS
SELECT attempt_id, tenant_id, job_no, account, currency,
       max(amount) FILTER (WHERE entry = 'reserve') AS amount,
       CASE WHEN bool_or(entry = 'write_off') THEN 'written_off'
            -- Before commit: what the provider took and then said that it had not charged.
            WHEN bool_or(entry = 'release')   THEN 'released'
            -- Before at_risk: an acceptance that came after its chunk had been given up.
            WHEN bool_or(entry = 'commit')    THEN 'committed'
            WHEN bool_or(entry = 'at_risk')   THEN 'at_risk'
            ELSE 'reserved' END AS place,
       min(at) AS reserved_at,
       max(amount) FILTER (WHERE entry = 'provider_estimated') AS provider_estimated,
       max(amount) FILTER (WHERE entry = 'provider_actual') AS provider_actual
  FROM store.ledger
 GROUP BY attempt_id, tenant_id, job_no, account, currency;

CREATE TABLE store.artifacts (
  id             text PRIMARY KEY CHECK (id LIKE 'art\_%'),
  chunk_id       text NOT NULL REFERENCES store.chunks,
  attempt_id     text NOT NULL REFERENCES store.attempts,
  tenant_id      integer NOT NULL,
  job_day        date NOT NULL,
  sha256         bytea NOT NULL CHECK (length(sha256) = 32),
  byte_count     bigint NOT NULL,
  headers        jsonb NOT NULL,
  archived_at    timestamptz NOT NULL DEFAULT now(),
  parse_started  integer NOT NULL DEFAULT 0,
  verdict        text CHECK (verdict IN ('read','unreadable','mismatch','unconfirmed')),
  verdict_code   text,
  verdict_detail text
);
CREATE INDEX artifacts_by_chunk ON store.artifacts (chunk_id, id);

-- Money that a provider owes us for a task that it took and failed; for support, never for us to assume.
CREATE TABLE store.refund_claims (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  attempt_id   text NOT NULL UNIQUE REFERENCES store.attempts,
  tenant_id    integer NOT NULL,
  task_id      text NOT NULL,
  amount       numeric(20,9) NOT NULL,
  currency     text NOT NULL,
  reason       text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now()
);

-- Decisions of people on held chunks, and what changed by them.
CREATE TABLE store.decisions (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  chunk_id    text NOT NULL REFERENCES store.chunks,
  tenant_id   integer NOT NULL,
  attempt_id  text REFERENCES store.attempts,
  decision    text NOT NULL CHECK (decision IN ('adopt','pay_again','keep_polling','replay','give_up')),
  decided_by  text NOT NULL,
  why         text NOT NULL,
  at          timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON store.decisions FOR EACH ROW EXECUTE FUNCTION store.refuse_change();
