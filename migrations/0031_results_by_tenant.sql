-- A number is looked up under its tenant. By the number alone the rows of others were found and then left out, which took as many pages more: `EXPLAIN (ANALYZE, BUFFERS)`
-- told a reader whether another tenant had the number. On a partitioned table these are the indexes of each month, and of those to come.
DROP INDEX store.results_by_number;
CREATE INDEX results_by_tenant_and_number ON store.results (tenant_id, ('+' || number::text));

-- As in 0023, with the columns of rollcall.results as 0027 has them: the view shows no tenant to look up by.
CREATE OR REPLACE FUNCTION rollcall.results_of(e164 text)
RETURNS TABLE (job_id text, check_name text, number text, outcome text, attributes jsonb, account text, source text, cost numeric, checked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
  SELECT j.id, j.check_name, '+' || r.number::text, r.outcome, r.attributes, c.account,
         CASE WHEN c.state = 'done' AND r.outcome <> 'suppressed' THEN 'provider' ELSE 'rollcall' END,
         CASE WHEN r.outcome = 'suppressed' THEN 0 ELSE COALESCE(c.cost_per_number, 0) END, c.closed_at
    FROM (SELECT o.* FROM store.results o WHERE o.tenant_id = store.reader_tenant() AND '+' || o.number::text = e164 OFFSET 0) r
    JOIN store.jobs j ON j.job_no = r.job_no AND j.job_day = r.job_day AND j.tenant_id = r.tenant_id
    JOIN store.chunks c ON c.job_no = r.job_no AND c.chunk_no = r.chunk_no
$$;
