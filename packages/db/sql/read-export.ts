import type { Queryable } from '../database.ts';

/**
 * A whole job read in steps of bounded size, for exports. Each step is a statement of its own that starts behind the row where the
 * last one ended: whoever reads slowly holds neither a connection nor a snapshot, and rows of a closed job never change.
 */

/** What a job's rows are found by, and what its upload was read as. */
export interface ExportedJob {
  readonly id: string;
  readonly tenantId: number;
  readonly jobNo: number;
  readonly jobDay: string;
  /** What was asked, e.g. whatsapp. */
  readonly check: string;
  readonly state: string;
  readonly lines: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly defaultRegion: string | null;
  /** As intake wrote it; null for a retry, which has no upload. */
  readonly reading: unknown;
  /** The job that began the tree of retries to which this one belongs, or null. */
  readonly retryRoot: string | null;
  /** Retries of it that are not closed. */
  readonly openRetries: number;
  /** Numbers of it that were erased: they are in no row, and zeros stand for them in its upload. */
  readonly erased: number;
}

/** A job of a tenant, or null. */
export async function findExportedJob(
  db: Queryable,
  tenantId: number,
  jobId: string,
): Promise<ExportedJob | null> {
  const { rows } = await db.query<ExportedJob>(
    `SELECT j.id, j.tenant_id AS "tenantId", j.job_no AS "jobNo", j.job_day AS "jobDay", j.check_name AS "check", j.state, j.lines, j.accepted, j.rejected,
            j.default_region AS "defaultRegion", j.upload AS reading, j.retry_root AS "retryRoot",
            (SELECT count(*) FROM store.jobs t WHERE t.retry_root = j.id AND t.finished_at IS NULL) AS "openRetries",
            (SELECT COALESCE(sum(c.erased), 0)::bigint FROM store.chunks c WHERE c.job_no = j.job_no AND c.state <> 'superseded') AS erased
       FROM store.jobs j WHERE j.id = $1 AND j.tenant_id = $2 AND j.state <> 'receiving'`,
    [jobId, tenantId],
  );
  return rows[0] ?? null;
}

/** One answered number. The chunk that answered says the rest; see {@link readChunkFacts}. */
export interface ExportedRow {
  readonly number: number;
  /** Of the job that answered: the exported one, or one of its retries. */
  readonly jobNo: number;
  readonly chunkNo: number;
  readonly outcome: string;
  readonly attributes: Readonly<Record<string, string>> | null;
}

export interface ExportPage {
  /** Digits of the last number of the step before; 0 for the first. */
  readonly after: number;
  readonly limit: number;
  readonly outcome: string | null;
  /** Takes answers of retries, as `rollcall.latest_results` does. */
  readonly latest: boolean;
}

type RowArray = [number, number, number, string, Readonly<Record<string, string>> | null];

const firstAnswer = 'r.number, r.job_no, r.chunk_no, r.outcome, r.attributes FROM store.results r';

/**
 * The lateral join of `rollcall.latest_results`, over narrow keys; a test holds the two together. $4: id of the first job.
 * OFFSET 0: a retry's row is looked up by its whole key, whatever the planner thinks of its job's size.
 */
const latestAnswer = `r.number, COALESCE(again.job_no, r.job_no), COALESCE(again.chunk_no, r.chunk_no), COALESCE(again.outcome, r.outcome),
         CASE WHEN again.job_no IS NULL THEN r.attributes ELSE again.attributes END
    FROM store.results r LEFT JOIN LATERAL (
      SELECT x.job_no, x.chunk_no, x.outcome, x.attributes
        FROM store.jobs t CROSS JOIN LATERAL (
          SELECT y.job_no, y.chunk_no, y.outcome, y.attributes FROM store.results y
           WHERE y.job_no = t.job_no AND y.job_day = t.job_day AND y.number = r.number OFFSET 0) x
       WHERE t.retry_root = $4
         AND (r.outcome IN ('failed', 'missing')
              OR r.chunk_no = ANY (ARRAY(SELECT k.chunk_no FROM store.chunks k WHERE k.job_no = $1 AND k.replayed_at IS NOT NULL)))
         AND store.answer_rank(x.outcome) <= store.answer_rank(r.outcome)
       ORDER BY store.answer_rank(x.outcome), t.job_no DESC LIMIT 1) again ON true`;

/** A step through a job's answered numbers, ascending. */
export async function readExportPage(
  db: Queryable,
  job: ExportedJob,
  page: ExportPage,
): Promise<readonly ExportedRow[]> {
  return readRows(db, stepOf(job, page));
}

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The statement of such a step. Its first three values are the job's number, its day and the tenant. */
export function stepOf(job: ExportedJob, page: ExportPage): Statement {
  const { latest, after, outcome, limit } = page;
  const given = latest ? 'COALESCE(again.outcome, r.outcome)' : 'r.outcome';
  return answersWhere(job, latest, [after, outcome, limit], ([from, only, most]) => {
    const those = `r.number > ${from} AND (${only}::text IS NULL OR ${given} = ${only})`;
    return `AND ${those} ORDER BY r.number LIMIT ${most}`;
  });
}

/** The same for these numbers, in no order: those that are answered. */
export async function readAnswersTo(
  db: Queryable,
  job: ExportedJob,
  numbers: readonly number[],
  { latest }: { readonly latest: boolean },
): Promise<readonly ExportedRow[]> {
  return readRows(
    db,
    answersWhere(job, latest, [numbers], ([those]) => `AND r.number = ANY(${those}::bigint[])`),
  );
}

function answersWhere(
  job: ExportedJob,
  latest: boolean,
  values: readonly unknown[],
  which: (places: readonly string[]) => string,
): Statement {
  const fixed = [job.jobNo, job.jobDay, job.tenantId, ...(latest ? [job.id] : [])];
  const those = which(values.map((_, at) => `$${fixed.length + at + 1}`));
  return {
    text: `SELECT ${latest ? latestAnswer : firstAnswer} WHERE r.job_no = $1 AND r.job_day = $2 AND r.tenant_id = $3 ${those}`,
    values: [...fixed, ...values],
  };
}

async function readRows(
  db: Queryable,
  { text, values }: Statement,
): Promise<readonly ExportedRow[]> {
  const { rows } = await db.query<RowArray>({ rowMode: 'array', text, values: [...values] });
  return rows.map(([number, jobNo, chunkNo, outcome, attributes]) => ({
    number,
    jobNo,
    chunkNo,
    outcome,
    attributes,
  }));
}

/** Every name that an attribute of the job's rows has, sorted. `latest`: and of its retries' rows. */
export async function readAttributeNames(
  db: Queryable,
  job: ExportedJob,
  { latest }: { readonly latest: boolean },
): Promise<readonly string[]> {
  const { rows } = await db.query<{ attribute: string }>(
    `SELECT DISTINCT attribute FROM store.jobs j JOIN store.chunks c ON c.job_no = j.job_no CROSS JOIN unnest(c.attribute_names) AS attribute
      WHERE j.tenant_id = $1 AND (j.id = $2 OR ($3 AND j.retry_root = $2))`,
    [job.tenantId, job.id, latest],
  );
  return rows.map(({ attribute }) => attribute).sort();
}

/** What all numbers of a closed chunk share. */
export interface ChunkFacts {
  readonly jobNo: number;
  readonly chunkNo: number;
  /** Id of the job that the answer is of. */
  readonly answeredBy: string;
  readonly account: string;
  readonly source: 'provider' | 'rollcall';
  /** Decimal text, a number. */
  readonly cost: string;
  readonly checkedAt: Date;
}

/** The facts of these chunks of a tenant, each named by its job's number and its own. */
export async function readChunkFacts(
  db: Queryable,
  tenantId: number,
  chunks: readonly { readonly jobNo: number; readonly chunkNo: number }[],
): Promise<readonly ChunkFacts[]> {
  const { rows } = await db.query<ChunkFacts>(
    `SELECT c.job_no AS "jobNo", c.chunk_no AS "chunkNo", j.id AS "answeredBy", c.account, CASE WHEN c.state = 'done' THEN 'provider' ELSE 'rollcall' END AS source,
            COALESCE(c.cost_per_number, 0)::text AS cost, c.closed_at AS "checkedAt"
       FROM store.chunks c JOIN unnest($2::integer[], $3::integer[]) AS asked (job_no, chunk_no) ON c.job_no = asked.job_no AND c.chunk_no = asked.chunk_no
       JOIN store.jobs j ON j.job_no = c.job_no
      WHERE c.tenant_id = $1 AND c.closed_at IS NOT NULL`,
    [tenantId, chunks.map(({ jobNo }) => jobNo), chunks.map(({ chunkNo }) => chunkNo)],
  );
  return rows;
}

/** A step through a job's accepted numbers, ascending. */
export async function readNumbersPage(
  db: Queryable,
  job: ExportedJob,
  page: { readonly after: number; readonly limit: number },
): Promise<readonly number[]> {
  const { rows } = await db.query<[number]>({
    rowMode: 'array',
    text: `SELECT n.number FROM store.job_numbers n
            WHERE n.job_no = $1 AND n.job_day = $2 AND n.tenant_id = $3 AND n.number > $4 ORDER BY n.number LIMIT $5`,
    values: [job.jobNo, job.jobDay, job.tenantId, page.after, page.limit],
  });
  return rows.map(([number]) => number);
}

/** How a job's kept upload is compressed, or null where none is kept. Its bytes: `postgresBlobs`, under the job's id. */
export async function findUpload(
  db: Queryable,
  job: ExportedJob,
): Promise<'zstd' | 'gzip' | 'identity' | null> {
  const { rows } = await db.query<{ encoding: 'zstd' | 'gzip' | 'identity' }>(
    `SELECT encoding FROM store.blobs WHERE id = $1 AND job_day = $2 AND tenant_id = $3 AND kind = 'upload'`,
    [job.id, job.jobDay, job.tenantId],
  );
  return rows[0]?.encoding ?? null;
}

/** A step through the lines of a job's upload that were rejected, ascending. */
export async function readRejectLines(
  db: Queryable,
  job: ExportedJob,
  page: { readonly after: number; readonly limit: number },
): Promise<readonly number[]> {
  const { rows } = await db.query<[number]>({
    rowMode: 'array',
    text: `SELECT line_no FROM store.rejects WHERE job_no = $1 AND job_day = $2 AND tenant_id = $3 AND line_no > $4 ORDER BY line_no LIMIT $5`,
    values: [job.jobNo, job.jobDay, job.tenantId, page.after, page.limit],
  });
  return rows.map(([line]) => line);
}
