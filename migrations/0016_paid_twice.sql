-- Of what was paid for again only that counts as paid twice whose money is written off: a task that the provider had taken, failed and given
-- back was known when it was decided, and cost nothing. An acceptance that comes after the decision is written off in any case.
CREATE OR REPLACE VIEW rollcall.paid_twice AS
SELECT c.id AS chunk_id, j.id AS job_id, a.account, a.id AS attempt_id, e.task_id, a.amount, a.currency, a.outcome AS lifted_to,
       e.recorded_at > p.created_at AS told_after_approval, e.recorded_at AS told_at, p.approved_by, p.why, p.created_at AS approved_at
  FROM store.approvals p
  JOIN store.attempts a ON a.id = p.attempt_id
  JOIN store.chunks c ON c.id = a.chunk_id
  JOIN store.jobs j ON j.job_no = c.job_no
  JOIN LATERAL (SELECT * FROM store.evidence o WHERE o.attempt_id = a.id AND o.operation = 'submit' AND o.verdict = 'accepted' ORDER BY o.id LIMIT 1) e ON true
 WHERE EXISTS (SELECT FROM store.ledger l WHERE l.attempt_id = a.id AND l.entry = 'write_off');

COMMENT ON VIEW rollcall.paid_twice IS 'One row per upload that a person paid for again, that the provider is known to have taken, and whose money did not come back: it went twice.';
COMMENT ON COLUMN rollcall.paid_twice.lifted_to IS 'written_off, or not_charged: what the person who paid again had heard of it, wrongly.';
