import type { BuiltPrograms } from './build-programs.ts';
import { type StormPostgres, startStormPostgres } from './storm-postgres.ts';
import { type StormRedis, startStormRedis } from './storm-redis.ts';

/** Servers for one episode after the other. Episodes at once have a lane each, since each kills its own servers. */
export interface Lane {
  readonly postgres: StormPostgres;
  /** Started when it is first asked for; throws where this machine has none. */
  redis(): Promise<StormRedis>;
  readonly programs: BuiltPrograms;
  /** For what the lane leaves on disk; whoever opened the lane removes it. */
  readonly folder: string;
  /** May be called again. */
  close(): Promise<void>;
}

export async function openLane(programs: BuiltPrograms, folder: string): Promise<Lane> {
  const postgres = await startStormPostgres(folder);
  let redis: Promise<StormRedis> | undefined;
  return {
    postgres,
    programs,
    folder,
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
    },
  };
}
