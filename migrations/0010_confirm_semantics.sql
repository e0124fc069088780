-- Who confirmed what an account's result files mean, when and why; absent where the accounts file says it.
ALTER TABLE store.account_states
  ADD COLUMN semantics_confirmed_at timestamptz,
  ADD COLUMN semantics_note text CHECK (length(semantics_note) <= 1000),
  ADD CONSTRAINT only_confirmed_has_a_note
    CHECK (semantics_confirmed OR (semantics_confirmed_at IS NULL AND semantics_note IS NULL));
