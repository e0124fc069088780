-- A held upload of a retry that a person lets be paid for again is paid for beyond the retry's own approval: without room for it the
-- chunk would wait below a ceiling that nobody may raise. What was approved is the retry and each of its payments since.
CREATE OR REPLACE FUNCTION store.guard_retry_approvals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM store.retry_approvals a
                  WHERE a.job_id = NEW.id AND NEW.may_be_paid = a.may_be_paid
                    AND NEW.max_cost <= a.cost_ceiling + (SELECT COALESCE(sum(p.cost_ceiling), 0) FROM store.approvals p
                                                            JOIN store.chunks c ON c.id = p.chunk_id WHERE c.job_no = NEW.job_no)) THEN
    RAISE EXCEPTION 'a retry that may pay twice stays within its approval' USING ERRCODE = 'check_violation', CONSTRAINT = 'retry_approval_ceiling';
  END IF;
  RETURN NEW;
END $$;
