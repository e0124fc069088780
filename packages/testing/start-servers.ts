import {
  disposableSettings,
  type EmbeddedPostgres,
  startEmbeddedPostgres,
  startRedis,
} from '@rollcall/embedded';
import type { GivenServers } from './provided-context.ts';

/** Nothing of a test run is worth an fsync; everything else stays as in production. */
const forgetful = {
  ...disposableSettings,
  synchronous_commit: 'off',
  max_connections: '300',
};

export type TestServer = {
  url: string;
  /** What it is and where, beside the number that Postgres itself says: `redis 7.0.15`, `a container of postgres:17`. */
  description: string;
  stop(): Promise<void>;
};

/**
 * The two servers of a run: given ones, or else those that `ROLLCALL_TEST_SERVICES` asks for, on this machine or in containers.
 * Containers are asked for by name, so a machine where no Docker engine answers fails the run. Where one of the two does not come
 * up, the other is taken down again before that is thrown.
 */
export async function startServers(
  given: GivenServers,
): Promise<{ postgres: TestServer; redis: TestServer | { unavailable: string } }> {
  const { postgres, redis } = await startersFor(given.services);
  const [first, second] = await Promise.allSettled([
    given.databaseUrl ? asGiven(given.databaseUrl, 'given') : postgres(),
    given.redisUrl ? asGiven(given.redisUrl, 'redis as given') : redis(),
  ]);
  if (first.status === 'fulfilled' && second.status === 'fulfilled') {
    return { postgres: first.value, redis: second.value };
  }
  for (const each of [first, second]) {
    if (each.status === 'fulfilled' && 'stop' in each.value) await each.value.stop();
  }
  throw first.status === 'rejected' ? first.reason : (second as PromiseRejectedResult).reason;
}

type Starters = {
  postgres: () => Promise<TestServer>;
  redis: () => Promise<TestServer | { unavailable: string }>;
};

async function startersFor(services: string): Promise<Starters> {
  switch (services) {
    case 'binaries':
      return { postgres: startLocalPostgres, redis: startLocalRedis };
    case 'containers': {
      const { startPostgresContainer, startValkeyContainer } = await import(
        './start-containers.ts'
      );
      return { postgres: () => startPostgresContainer(forgetful), redis: startValkeyContainer };
    }
    default:
      throw new Error(`ROLLCALL_TEST_SERVICES: write binaries or containers, not "${services}"`);
  }
}

async function startLocalPostgres(): Promise<TestServer> {
  const { url, stop }: EmbeddedPostgres = await startEmbeddedPostgres({ settings: forgetful });
  return { url, description: 'on this machine', stop };
}

async function startLocalRedis(): Promise<TestServer | { unavailable: string }> {
  const redis = await startRedis();
  if ('unavailable' in redis) return redis;
  return { url: redis.url, description: redis.version, stop: redis.stop };
}

async function asGiven(url: string, description: string): Promise<TestServer> {
  return { url, description, stop: async () => undefined };
}
