import type { Redis } from 'ioredis';
import { RedisCannotBeAsked, RedisEvicts } from './queue-errors.ts';

export type Admission =
  /** Not asked yet, or the connection was lost over the question. */
  | { readonly state: 'unknown' }
  /** `full`: it keeps what it has and takes nothing more (OOM), until something is consumed. */
  | { readonly state: 'admitted'; readonly full: boolean }
  | { readonly state: 'refused'; readonly error: RedisEvicts | RedisCannotBeAsked };

/**
 * Asks Redis whether it keeps what it is given. BullMQ only warns about an evicting policy. `INFO memory` is used
 * because managed Redis servers forbid `CONFIG GET`.
 */
export async function askAdmission(client: Redis): Promise<Admission> {
  let memory: string;
  try {
    memory = await client.info('memory');
  } catch (error) {
    // Only an answer from the server (NOPERM, unknown command) is a refusal; everything else is a lost connection.
    const answered = error instanceof Error && error.name === 'ReplyError';
    return answered
      ? { state: 'refused', error: new RedisCannotBeAsked(error) }
      : { state: 'unknown' };
  }
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1];
  if (policy === undefined) return { state: 'refused', error: new RedisCannotBeAsked() };
  if (policy !== 'noeviction') return { state: 'refused', error: new RedisEvicts(policy) };
  return { state: 'admitted', full: isFull(memory) };
}

/** By Redis' own reckoning: what it may not evict for (buffers of replicas, of the append-only file) does not count. */
function isFull(memory: string): boolean {
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(memory)?.[1] ?? 0);
  const max_bytes = field('maxmemory');
  return max_bytes > 0 && field('used_memory') - field('mem_not_counted_for_evict') >= max_bytes;
}
