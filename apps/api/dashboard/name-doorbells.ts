import { type Database, nameChunks, type NamedChunkRow, ownJobs } from '@rollcall/db';
import { z } from 'zod';

/** What the board's own answers hold of a doorbell; whatever else they hold passes as it is. */
const doorbellSchema = z.looseObject({
  name: z.string(),
  data: z.looseObject({
    stage: z.string().optional(),
    chunkId: z.string().optional(),
    jobId: z.string().optional(),
  }),
});
type Doorbell = z.infer<typeof doorbellSchema>;

const listSchema = z.looseObject({
  queues: z.array(z.looseObject({ jobs: z.array(z.unknown()) })),
});
const oneSchema = z.looseObject({ job: z.unknown() });

/**
 * Gives the doorbells in an answer of the board names that say what they ring for, and a link to their chunk's page. The queue knows
 * ids only, and shows what was true when it was rung; Postgres knows what the chunk is now, and whose. The queues are the installation's: of a doorbell
 * for another tenant's chunk or job nothing is shown but that it is there. Two statements an answer.
 */
export async function nameDoorbells(
  database: Database,
  tenantId: number,
  chunkPath: (chunkId: string) => string,
  answer: unknown,
): Promise<unknown> {
  const list = listSchema.safeParse(answer);
  const one = oneSchema.safeParse(answer);
  const listed = list.success
    ? list.data.queues.flatMap((queue) => queue.jobs)
    : one.success
      ? [one.data.job]
      : [];
  const bells = listed.flatMap((job) => {
    const parsed = doorbellSchema.safeParse(job);
    return parsed.success ? [parsed.data.data] : [];
  });
  const chunkIds = new Set(bells.flatMap(({ chunkId }) => chunkId ?? []));
  const jobIds = new Set(bells.flatMap(({ jobId }) => jobId ?? []));
  if (chunkIds.size + jobIds.size === 0) return answer;
  const named = await nameChunks(database, tenantId, [...chunkIds]);
  const chunks = new Map(named.map((chunk) => [chunk.id, chunk]));
  const jobs = await ownJobs(database, tenantId, [...jobIds]);
  const shown = (job: unknown): unknown => {
    const parsed = doorbellSchema.safeParse(job);
    if (!parsed.success) return job;
    const { chunkId, jobId } = parsed.data.data;
    const chunk = chunkId === undefined ? undefined : chunks.get(chunkId);
    if (chunk) return withName(parsed.data, chunk, chunkPath(chunk.id));
    const isOwn = chunkId === undefined && (jobId === undefined || jobs.has(jobId));
    return isOwn ? job : hidden(parsed.data);
  };
  if (list.success) {
    const queues = list.data.queues.map((queue) => ({ ...queue, jobs: queue.jobs.map(shown) }));
    return { ...list.data, queues };
  }
  return one.success ? { ...one.data, job: shown(one.data.job) } : answer;
}

function withName(doorbell: Doorbell, chunk: NamedChunkRow, href: string) {
  const place = `chunk ${chunk.chunk_no} of ${chunk.chunks}`;
  const what = `${chunk.numbers.toLocaleString('en')} numbers for ${chunk.check_name}`;
  const now = chunk.reason === null ? chunk.state : `${chunk.state} (${chunk.reason})`;
  return {
    ...doorbell,
    name: `${doorbell.data.stage} ${place} to ${chunk.account}: ${what}, now ${now}`,
    externalUrl: { displayText: `What became of ${place}`, href },
  };
}

/** Its id and its name have the id of what it rings for in them. */
function hidden(doorbell: Doorbell) {
  return {
    ...doorbell,
    id: 'hidden',
    name: 'of another tenant, or of what is gone',
    data: {},
    opts: {},
    failedReason: undefined,
    stacktrace: [],
    returnValue: undefined,
    progress: 0,
  };
}
