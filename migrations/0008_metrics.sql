-- What metrics and traces need.

-- The place in a trace that the job was received in (W3C traceparent); null where nobody traced.
ALTER TABLE store.jobs ADD COLUMN traceparent text CHECK (traceparent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$');

-- Metrics are read every few seconds, and only of what is open (chunks_open of 0006 serves it): closed jobs are most of the rows, and cost nothing.
CREATE INDEX jobs_measured ON store.jobs (state) WHERE finished_at IS NULL;
-- The ledger only grows, in the order of time, so the smallest of indexes finds its newest part.
CREATE INDEX ledger_by_time ON store.ledger USING brin (at) WITH (pages_per_range = 32, autosummarize = on);
