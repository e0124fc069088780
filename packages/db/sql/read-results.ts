import type { Queryable } from '../database.ts';

/** A result with what its chunk says of it. */
export interface ResultRow {
  /** As E.164. */
  readonly number: string;
  readonly outcome: string;
  /** JSON as it stands there, `null` included: nobody on the way looks into it. */
  readonly attributesJson: string;
  readonly chunk: AnsweringChunk;
}

/** What all results of a chunk share. */
export interface AnsweringChunk {
  readonly account: string;
  readonly isDone: boolean;
  /** Decimal text, a number. */
  readonly cost: string;
  readonly closedAt: string;
}

/** What a page of results is shown with, all as of one moment. */
export interface ResultsPage {
  readonly state: string;
  /** Whether retention dropped the job's rows. */
  readonly isDropped: boolean;
  readonly rows: readonly ResultRow[];
}

interface PageRow {
  readonly state: string;
  readonly is_dropped: boolean;
  readonly lines: string | null;
  readonly chunks:
    | readonly (readonly [
        no: number,
        account: string,
        isDone: boolean,
        cost: string,
        closedAt: string,
      ])[]
    | null;
}

/**
 * The page is cut first, and the few chunks that it has are looked up then: row-level security has the planner take a job for a fraction of itself, and it would read all of the
 * job's rows for each of its chunks. Its rows come as one text, a line each: as rows of nine columns they took three times as long, in Postgres and here. JSON has no line break
 * of its own. One statement, so that the state and the rows are of one moment.
 */
const pageOfResults = `
  SELECT j.state, j.rows_dropped_at IS NOT NULL AS is_dropped, p.lines, k.chunks
    FROM store.jobs j
    LEFT JOIN LATERAL (
      SELECT string_agg(r.chunk_no || ' ' || r.number || ' ' || r.outcome || ' ' || COALESCE(r.attributes::text, 'null'), E'\\n' ORDER BY r.number) AS lines,
             array_agg(r.chunk_no) AS chunk_nos
        FROM (SELECT r.number, r.chunk_no, r.outcome, r.attributes FROM store.results r
               WHERE r.job_no = j.job_no AND r.job_day = j.job_day AND r.number > $3::bigint AND ($5::text IS NULL OR r.outcome = $5)
               ORDER BY r.number LIMIT $4) r) p ON j.rows_dropped_at IS NULL
    LEFT JOIN LATERAL (
      SELECT json_agg(json_build_array(c.chunk_no, c.account, c.state = 'done', COALESCE(c.cost_per_number, 0)::text, c.closed_at)) AS chunks
        FROM store.chunks c WHERE c.job_no = j.job_no AND c.chunk_no = ANY (p.chunk_nos)) k ON true
   WHERE j.id = $1 AND j.tenant_id = $2`;

/** A page of a job's rows in order of number, with the state of the job, or null where the tenant has no such job. `after`: digits of the last number of the page before. */
export async function readResults(
  db: Queryable,
  tenantId: number,
  jobId: string,
  page: { readonly after: number | null; readonly limit: number; readonly outcome: string | null },
): Promise<ResultsPage | null> {
  const { rows } = await db.query<PageRow>({
    name: 'results.page',
    text: pageOfResults,
    values: [jobId, tenantId, page.after ?? 0, page.limit, page.outcome],
  });
  const [job] = rows;
  if (!job) return null;
  const chunks = new Map<string, AnsweringChunk>();
  for (const [no, account, isDone, cost, closedAt] of job.chunks ?? []) {
    chunks.set(String(no), { account, isDone, cost, closedAt });
  }
  return {
    state: job.state,
    isDropped: job.is_dropped,
    rows: (job.lines?.split('\n') ?? []).map((line) => rowOf(line, chunks)),
  };
}

function rowOf(line: string, chunks: ReadonlyMap<string, AnsweringChunk>): ResultRow {
  const number = line.indexOf(' ') + 1;
  const outcome = line.indexOf(' ', number) + 1;
  const attributes = line.indexOf(' ', outcome) + 1;
  const chunk = chunks.get(line.slice(0, number - 1));
  if (!chunk) throw new Error('a result has no chunk');
  return {
    number: `+${line.slice(number, outcome - 1)}`,
    outcome: line.slice(outcome, attributes - 1),
    attributesJson: line.slice(attributes),
    chunk,
  };
}
