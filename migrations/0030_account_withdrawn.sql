-- An account that the accounts file gives to other tenants now sends nothing more of this one's: its chunks wait until it is given back.
ALTER TABLE store.chunks
  DROP CONSTRAINT known_reason,
  ADD CONSTRAINT known_reason CHECK (CASE state
    WHEN 'blocked'  THEN (reason IN ('provider_balance','account_cap','job_ceiling','approval_ceiling','breaker','account_paused','account_withdrawn','auth','canary','canary_rejected','replan')) IS TRUE
    WHEN 'held'     THEN (reason IN ('unknown','upstream_failed','poll','artifact')) IS TRUE
    WHEN 'rejected' THEN reason IS NOT NULL
    ELSE reason IS NULL END);
