import { type Database, nameChunks, type NamedChunkRow } from '@rollcall/db';
import { z } from 'zod';

/** What the board's own answers hold of a doorbell; whatever else they hold passes as it is. */
const doorbellSchema = z.looseObject({
  name: z.string(),
  data: z.looseObject({ stage: z.string(), chunkId: z.string() }),
});
type Doorbell = z.infer<typeof doorbellSchema>;

const listSchema = z.looseObject({
  queues: z.array(z.looseObject({ jobs: z.array(z.unknown()) })),
});
const oneSchema = z.looseObject({ job: z.unknown() });

/**
 * Gives the doorbells in an answer of the board names that say what they ring for, and a link to their chunk's page. The queue knows
 * ids only, and shows what was true when it was rung; Postgres knows what the chunk is now. One statement an answer.
 */
export async function nameDoorbells(
  database: Database,
  tenantId: number,
  chunkPath: (chunkId: string) => string,
  answer: unknown,
): Promise<unknown> {
  const list = listSchema.safeParse(answer);
  const one = oneSchema.safeParse(answer);
  const jobs = list.success
    ? list.data.queues.flatMap((queue) => queue.jobs)
    : one.success
      ? [one.data.job]
      : [];
  const ids = jobs.flatMap((job) => {
    const parsed = doorbellSchema.safeParse(job);
    return parsed.success ? [parsed.data.data.chunkId] : [];
  });
  if (ids.length === 0) return answer;
  const chunks = new Map(
    (await nameChunks(database, tenantId, [...new Set(ids)])).map((chunk) => [chunk.id, chunk]),
  );
  const named = (job: unknown): unknown => {
    const parsed = doorbellSchema.safeParse(job);
    const chunk = parsed.success ? chunks.get(parsed.data.data.chunkId) : undefined;
    return parsed.success && chunk ? withName(parsed.data, chunk, chunkPath(chunk.id)) : job;
  };
  if (list.success) {
    const queues = list.data.queues.map((queue) => ({ ...queue, jobs: queue.jobs.map(named) }));
    return { ...list.data, queues };
  }
  return one.success ? { ...one.data, job: named(one.data.job) } : answer;
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
