-- Who let a paused or stopped account send again, when and why: the note of the pause goes with the pause.
ALTER TABLE store.account_states
  ADD COLUMN resumed_at timestamptz,
  ADD COLUMN resumed_note text CHECK (length(resumed_note) <= 1000);
