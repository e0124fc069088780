-- Comments that say what a reader cannot guess: where a row's cost is 0 and the money is not, the two words for money that nobody is
-- sure of, and where the evidence of an attempt is read.

COMMENT ON COLUMN rollcall.results.cost IS 'This number''s share of what its upload cost, in the job''s currency. 0 where it ended without an answer (source rollcall), though its upload may have been charged: for money use jobs.cost or rollcall.spend.';
COMMENT ON COLUMN rollcall.latest_results.cost IS 'This number''s share of what the upload of this answer cost; what earlier tries cost stands in rollcall.results. 0 where it ended without an answer (source rollcall), though its upload may have been charged: for money use jobs.cost or rollcall.spend.';

COMMENT ON COLUMN rollcall.jobs.cost IS 'Money committed: uploads that the provider accepted, at the configured price, also where their numbers got no answer. What a person wrote off to pay again stands in rollcall.spend alone.';
COMMENT ON COLUMN rollcall.jobs.reserved IS 'Money reserved for uploads whose outcome is not known yet, held ones of the reason unknown included.';
COMMENT ON COLUMN rollcall.jobs.at_risk IS 'Money of unknown uploads that a person gave up: it may have been charged, and nobody will find out. What is not decided yet is no part of it: see held_chunks.money_at_risk.';
COMMENT ON COLUMN rollcall.spend.reserved IS 'Uploads whose outcome is not known (yet), held ones of the reason unknown included.';
COMMENT ON COLUMN rollcall.spend.at_risk IS 'Unknown uploads that a person gave up: they may have been charged, and nobody will find out. What is not decided yet is no part of it: see held_chunks.money_at_risk.';
COMMENT ON COLUMN rollcall.held_chunks.money_at_risk IS 'Money in doubt: what the attempt cost or may have cost, while nobody has decided. It is counted elsewhere already: in jobs.reserved where the reason is unknown, in jobs.cost otherwise; never in jobs.at_risk, which is what was given up.';
COMMENT ON COLUMN rollcall.held_chunks.attempt_id IS 'The attempt whose money is in doubt. Its evidence, every exchange with the provider, is at GET /v1/holds/{chunk_id}: rollcall holds CHUNK.';

COMMENT ON COLUMN rollcall.rejects.reason IS 'Stable code: empty_cell, not_a_number, too_short, too_long, unknown_country, invalid_for_country or not_international.';

COMMENT ON FUNCTION rollcall.audit(text) IS 'One row per job: lines = accepted + duplicates + rejects, and accepted = the sum of all outcomes (+ pending), counted from the rows. No row: no such job.';
