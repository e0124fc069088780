import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StormPostgres, startStormPostgres } from './storm-postgres.ts';
import { type StormRedis, startStormRedis } from './storm-redis.ts';

/** Servers for one episode after the other. Episodes at once have a lane each, since each kills its own servers. */
export interface Lane {
  readonly postgres: StormPostgres;
  /** Started when it is first asked for; throws where this machine has none. */
  redis(): Promise<StormRedis>;
  /** Compiled modules, so that the hundredth worker starts quicker than the first. */
  readonly compileCache: string;
  close(): Promise<void>;
}

export async function openLane(): Promise<Lane> {
  const compileCache = await mkdtemp(join(tmpdir(), 'rollcall-storm-cache-'));
  const postgres = await startStormPostgres();
  let redis: Promise<StormRedis> | undefined;
  return {
    postgres,
    compileCache,
    redis() {
      redis ??= startStormRedis().then((started) => {
        if ('unavailable' in started) throw new Error(`No Redis to be had: ${started.unavailable}`);
        return started;
      });
      return redis;
    },
    async close() {
      await redis?.then((started) => started.stop());
      await postgres.stop();
      await rm(compileCache, { recursive: true, force: true });
    },
  };
}
