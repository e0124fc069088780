import { randomBytes } from 'node:crypto';
import type { ReplayedJob } from '@rollcall/contract';
import {
  type ApiKey,
  type AskedReplay,
  askReplay,
  chunksToReplay,
  type Database,
  type DueDoorbell,
} from '@rollcall/db';
import { type ChunkId, makeId, type ReplayId } from '@rollcall/domain';
import type { Queues } from '@rollcall/queue';
import type { Logger } from '@rollcall/telemetry';
import { namedKey } from './named-key.ts';
import { type Refusal, refuse } from './refusal.ts';

/** Chunks that one call asks for, a transaction each; a larger job takes several calls. */
export const replaysAtOnce_max = 500;

interface Desk {
  readonly database: Database;
  readonly queues: Queues;
  readonly log: Logger;
}

interface Wish {
  readonly key: ApiKey;
  readonly reason: string;
  readonly apply: boolean;
}

/** Asks for one chunk to be read again; the id is that of the open replay of the same kind, where there is one. */
export async function replayOneChunk(
  desk: Desk,
  chunkId: ChunkId,
  wish: Wish,
): Promise<{ readonly kind: 'asked'; readonly replayId: ReplayId } | Refusal> {
  const { id, asked } = await ask(desk, chunkId, wish);
  switch (asked.kind) {
    case 'asked':
      log(desk, wish, { replay: id, chunk: chunkId }, 1);
      await desk.queues.ring([asked.doorbell]);
      return { kind: 'asked', replayId: id };
    case 'open':
      return sameKind(asked, wish)
        ? { kind: 'asked', replayId: asked.replayId }
        : refuse('replay_running');
    case 'not_found':
      return refuse('not_found');
    case 'refused':
      return refuse(asked.code);
  }
}

/** The same for the chunks of a job that have a file, a bounded number of them in order. */
export async function replayWholeJob(
  desk: Desk,
  jobId: string,
  which: { readonly account: string | null; readonly after: number },
  wish: Wish,
): Promise<Omit<ReplayedJob, 'job_id'>> {
  const { database, queues } = desk;
  const page = { ...which, limit: replaysAtOnce_max + 1 };
  const found = await chunksToReplay(database, wish.key.tenantId, jobId, page);
  const chunks = found.slice(0, replaysAtOnce_max);
  const replays: ReplayId[] = [];
  const refused: ReplayedJob['refused'] = [];
  const doorbells: DueDoorbell[] = [];
  for (const { id: chunkId } of chunks) {
    const { id, asked } = await ask(desk, chunkId, wish);
    if (asked.kind === 'asked') {
      replays.push(id);
      doorbells.push(asked.doorbell);
    } else if (asked.kind === 'open' && sameKind(asked, wish)) replays.push(asked.replayId);
    else {
      const code = asked.kind === 'refused' ? asked.code : 'replay_running';
      refused.push({ chunk_id: chunkId, code });
    }
  }
  if (doorbells.length > 0) log(desk, wish, { job: jobId }, doorbells.length);
  await queues.ring(doorbells);
  const next_after = found.length > chunks.length ? (chunks.at(-1)?.chunk_no ?? null) : null;
  return { replays, refused, next_after };
}

async function ask({ database }: Desk, chunkId: ChunkId, { key, reason, apply }: Wish) {
  const id = makeId('replay', Date.now(), randomBytes(10));
  const by = { tenantId: key.tenantId, decidedBy: namedKey(key), why: reason };
  return { id, asked: await askReplay(database, { id, chunkId, apply, by }) };
}

function sameKind(open: Extract<AskedReplay, { kind: 'open' }>, { apply }: Wish): boolean {
  return (open.mode !== 'compare') === apply;
}

function log(
  desk: Desk,
  { key, apply }: Wish,
  which: { readonly replay?: string; readonly chunk?: string; readonly job?: string },
  chunks: number,
): void {
  desk.log.warn('replay.asked', {
    ...which,
    api_key: key.id,
    decision: apply ? 'apply' : 'compare',
    counts: { chunks },
  });
}
