-- The days on which kept sums were counted anew (docs/decisions/0029): each day once, from 3 h UTC on, by whichever worker prunes first. Each prune did so before, and it goes
-- over the whole ledger.
CREATE TABLE store.sums_audits (
  day  date PRIMARY KEY,
  at   timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT, DELETE ON store.sums_audits TO rollcall_worker;
