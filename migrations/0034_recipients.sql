-- Whom an erased number was sent to (Art. 19 of the GDPR), and notes on accounts from before what looks like a number was masked in them.

-- Ids of uploads; an upload that turns out not to have left is passed over when the receipt is read.
ALTER TABLE store.erasures ADD COLUMN sent_in text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN store.erasures.sent_in IS 'Attempts that may have had the number.';

-- Null: it was marked before this was noted.
ALTER TABLE store.suppressed_numbers ADD COLUMN since timestamptz;
ALTER TABLE store.suppressed_numbers ALTER COLUMN since SET DEFAULT clock_timestamp();
COMMENT ON COLUMN store.suppressed_numbers.since IS 'When it was marked: uploads that began later did not have the number.';

-- They are the installation's and no tenant's, so that no erasure reads them. Once for all: since 0029 they are masked as they are written.
UPDATE store.account_states SET
  pause_note = left(store.without_numbers(pause_note), 1000),
  resumed_note = left(store.without_numbers(resumed_note), 1000),
  breaker_reset_note = left(store.without_numbers(breaker_reset_note), 1000),
  semantics_note = left(store.without_numbers(semantics_note), 1000)
 WHERE store.without_numbers(concat_ws('|', pause_note, resumed_note, breaker_reset_note, semantics_note))
       <> concat_ws('|', pause_note, resumed_note, breaker_reset_note, semantics_note);
