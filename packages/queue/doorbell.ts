import { type ChunkId, type JobId, parseId } from '@rollcall/domain';

export const stages = ['plan', 'submit', 'poll', 'ingest'] as const;
export type Stage = (typeof stages)[number];

/**
 * "Look at chunk 17". A doorbell carries ids only, says nothing about state, and losing it loses nothing: the stage
 * claims its work in Postgres, and the rescue sweep rings again for whatever is still due.
 *
 * `ring` tells two rings for the same thing apart. The same (stage, target, ring) is delivered once while the queue
 * remembers it, so a caller that is unsure whether its ring arrived may ring the same number again; a caller that
 * wants another look must take a new number. BullMQ drops a second add under a retained id without a word.
 */
export type Doorbell =
  | { readonly stage: 'plan'; readonly jobId: JobId; readonly ring: number }
  | {
      readonly stage: 'submit';
      readonly chunkId: ChunkId;
      readonly account: string;
      readonly ring: number;
    }
  /** All due tasks of an account: one provider call can answer for many of them. */
  | { readonly stage: 'poll'; readonly account: string; readonly ring: number }
  | { readonly stage: 'ingest'; readonly chunkId: ChunkId; readonly ring: number };

export type DoorbellOf<S extends Stage> = Extract<Doorbell, { readonly stage: S }>;

export function isDoorbellOf<S extends Stage>(
  doorbell: Doorbell,
  stage: S,
): doorbell is DoorbellOf<S> {
  return doorbell.stage === stage;
}

/** An account id as `domain` defines it. Kept strict because it becomes part of a queue's name. */
const accountShape = /^[a-z0-9][a-z0-9-]{0,62}$/;

export function isAccountId(text: unknown): text is string {
  return typeof text === 'string' && accountShape.test(text);
}

/**
 * Parses a doorbell from outside (a queue's payload, or a caller without types). `null` for anything that is not
 * exactly a doorbell, a field too many included: nothing may ride along into Redis or the dashboard.
 */
export function parseDoorbell(payload: unknown): Doorbell | null {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return null;
  const fields: Record<string, unknown> = { ...payload };
  const { stage, jobId, chunkId, account, ring, ...others } = fields;
  if (Object.keys(others).length > 0) return null;
  if (typeof ring !== 'number' || !Number.isSafeInteger(ring) || ring < 0) return null;

  const job = typeof jobId === 'string' ? parseId('job', jobId) : null;
  const chunk = typeof chunkId === 'string' ? parseId('chunk', chunkId) : null;
  switch (stage) {
    case 'plan':
      if (job === null || chunkId !== undefined || account !== undefined) return null;
      return { stage, jobId: job, ring };
    case 'submit':
      if (chunk === null || jobId !== undefined || !isAccountId(account)) return null;
      return { stage, chunkId: chunk, account, ring };
    case 'poll':
      if (jobId !== undefined || chunkId !== undefined || !isAccountId(account)) return null;
      return { stage, account, ring };
    case 'ingest':
      if (chunk === null || jobId !== undefined || account !== undefined) return null;
      return { stage, chunkId: chunk, ring };
    default:
      return null;
  }
}

/**
 * BullMQ's id of this ring. Deterministic, because ioredis sends a command again when its reply was lost; never a
 * bare integer and never with a `:`, which BullMQ keeps for itself.
 */
export function bullJobId(doorbell: Doorbell): string {
  switch (doorbell.stage) {
    case 'plan':
      return `plan-${doorbell.jobId}-${doorbell.ring}`;
    case 'poll':
      return `poll-${doorbell.account}-${doorbell.ring}`;
    default:
      return `${doorbell.stage}-${doorbell.chunkId}-${doorbell.ring}`;
  }
}

/** What the dashboard shows as the name of this ring. */
export function bullJobName(doorbell: Doorbell): string {
  switch (doorbell.stage) {
    case 'plan':
      return `plan job ${doorbell.jobId}`;
    case 'submit':
      return `submit chunk ${doorbell.chunkId} to ${doorbell.account}`;
    case 'poll':
      return `poll tasks of ${doorbell.account}`;
    default:
      return `${doorbell.stage} chunk ${doorbell.chunkId}`;
  }
}
