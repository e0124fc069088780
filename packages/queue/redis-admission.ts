import type { Redis } from 'ioredis';
import { RedisCannotBeAsked, RedisEvicts } from './queue-errors.ts';

export type Admission =
  /** Not asked yet, or the connection was lost over the question. */
  | { readonly state: 'unknown' }
  | { readonly state: 'admitted' }
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
  return { state: 'admitted' };
}
