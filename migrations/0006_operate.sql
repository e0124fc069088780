-- What operators need: lists of held chunks and of accounts that stay quick however much history there is, decisions that
-- say what they named, pauses that say who and why, and an adoption that a worker checks before any money moves.

-- A hold list, oldest first; and what accounts have open. An open chunk has no end.
CREATE INDEX chunks_held ON store.chunks (tenant_id, changed_at, id) WHERE state = 'held';
CREATE INDEX chunks_open ON store.chunks (tenant_id, account, state) WHERE closed_at IS NULL;
-- Attempts whose money is not settled, those that a person gave up included.
CREATE INDEX attempts_in_doubt ON store.attempts (tenant_id, account) WHERE outcome IN ('intent','unknown');
-- Exchanges that did not go well: the last one of an account is found without reading those that did.
CREATE INDEX evidence_of_trouble ON store.evidence (id) WHERE verdict NOT IN ('accepted','downloaded');
CREATE INDEX decisions_by_chunk ON store.decisions (chunk_id, id);

ALTER TABLE store.decisions
  -- With adopt: the task that was named. With pay_again: the approval that was given.
  ADD COLUMN task_id      text,
  ADD COLUMN approval_id  text REFERENCES store.approvals;

ALTER TABLE store.account_states
  -- Who paused it and why, where a person did.
  ADD COLUMN pause_note text CHECK (length(pause_note) <= 1000),
  ADD CONSTRAINT only_paused_has_a_note CHECK (pause_note IS NULL OR paused_reason IS NOT NULL);

ALTER TABLE store.chunks
  -- A task that a person named for an unknown upload, while a worker asks the provider whether it can be that upload.
  -- The attempt stays unknown, and its money reserved, until the provider's answer fits.
  ADD COLUMN adopting_task_id text,
  ADD CONSTRAINT only_polling_adopts CHECK (adopting_task_id IS NULL OR state = 'polling');
CREATE UNIQUE INDEX one_adoption_per_task ON store.chunks (account, adopting_task_id) WHERE adopting_task_id IS NOT NULL;
