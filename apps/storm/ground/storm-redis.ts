import { setTimeout as delay } from 'node:timers/promises';
import { type EmbeddedRedis, startRedis } from '@rollcall/embedded';
import { Redis } from 'ioredis';

/** A Redis of the storm's own, which it may empty and kill. */
export interface StormRedis {
  readonly url: string;
  /** Whether there was anything. */
  flush(): Promise<boolean>;
  dieAndComeBackEmpty(down_ms: number): Promise<void>;
  stop(): Promise<void>;
}

/** `unavailable` says what was tried. */
export async function startStormRedis(): Promise<StormRedis | { readonly unavailable: string }> {
  const first = await startRedis();
  if ('unavailable' in first) return first;
  const { url } = first;
  let server: EmbeddedRedis = first;
  let restarting: Promise<void> = Promise.resolve();
  return {
    url,
    async flush() {
      const client = new Redis(url, { maxRetriesPerRequest: 20 });
      client.on('error', () => undefined);
      try {
        const keys = await client.dbsize();
        await client.flushall();
        return keys > 0;
      } finally {
        client.disconnect();
      }
    },
    dieAndComeBackEmpty(down_ms) {
      restarting = restarting.then(async () => {
        await server.stop();
        await delay(down_ms);
        const again = await startRedis({ inPlaceOf: url });
        if ('unavailable' in again) throw new Error(again.unavailable);
        server = again;
      });
      return restarting;
    },
    async stop() {
      await restarting.catch(() => undefined);
      await server.stop();
    },
  };
}
