-- The breaker of an account as a state of its own, and what its caps are summed from.

ALTER TABLE store.account_states
  ADD COLUMN breaker_state    text NOT NULL DEFAULT 'closed',
  ADD COLUMN breaker_since    timestamptz,
  -- When it is looked at again by itself: the end of `limited` and of `open`.
  ADD COLUMN breaker_until    timestamptz,
  ADD COLUMN breaker_why      text CHECK (breaker_why IN ('unknown_uploads','unreadable_answer','canary_unknown')),
  -- How often in a row it opened.
  ADD COLUMN breaker_openings integer NOT NULL DEFAULT 0,
  -- The one upload of a half-open breaker that is on the wire.
  ADD COLUMN breaker_canary   text REFERENCES store.attempts,
  -- Who reset it last and why; null where a canary closed it.
  ADD COLUMN breaker_reset_note text CHECK (length(breaker_reset_note) <= 1000),
  ADD CONSTRAINT known_breaker_state CHECK ((CASE breaker_state
    WHEN 'closed'    THEN num_nonnulls(breaker_since, breaker_until, breaker_why, breaker_canary) = 0 AND breaker_openings = 0
    WHEN 'limited'   THEN num_nulls(breaker_since, breaker_until) = 0 AND num_nonnulls(breaker_why, breaker_canary) = 0 AND breaker_openings = 0
    WHEN 'open'      THEN num_nulls(breaker_since, breaker_until, breaker_why) = 0 AND breaker_canary IS NULL AND breaker_openings >= 1
    WHEN 'half_open' THEN num_nulls(breaker_since, breaker_why) = 0 AND breaker_until IS NULL AND breaker_openings >= 1
    ELSE false END) IS TRUE);

-- Tasks that wait for money at the provider: asked at every claim, and nearly always none.
CREATE INDEX chunks_awaiting_payment ON store.chunks (account) WHERE awaiting_payment_since IS NOT NULL;

-- A claim adds up what its account reserved in this month, under the account's lock: from the index alone.
CREATE INDEX ledger_reserved ON store.ledger (account, at) INCLUDE (attempt_id, amount, currency) WHERE entry = 'reserve';
CREATE INDEX ledger_released ON store.ledger (account, at) INCLUDE (attempt_id) WHERE entry = 'release';
