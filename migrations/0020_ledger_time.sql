-- A claim waits for its account's lock. Booked at the time of BEGIN, its reservation would count in the day before the one whose cap it was
-- held against, or seem older than a balance that was told while it waited.
ALTER TABLE store.ledger ALTER COLUMN at SET DEFAULT clock_timestamp();
