import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import './provided-context.ts';

/** Vitest's own mark of a test file's process. */
declare const __vitest_worker__: unknown;

export type TestBackend = 'postgres' | 'redis';

/**
 * The queue backends of this run, for `describe.each(testBackends)('on %s', …)`. Postgres is always there;
 * Redis where it could be had, and in CI it must be.
 */
export const testBackends: TestBackend[] = backendsOfTheRun();

/** The storm loads this package for its wire, as a program and in no test run: vitest would refuse to be asked there. */
function backendsOfTheRun(): TestBackend[] {
  if (typeof __vitest_worker__ === 'undefined') return [];
  return 'url' in inject('testServers').redis ? ['postgres', 'redis'] : ['postgres'];
}

/** The run's Redis, shared by all test files: keep to your own `queuePrefix()`. Throws where there is none. */
export function testRedisUrl(): string {
  const { redis } = inject('testServers');
  if ('url' in redis) return redis.url;
  throw new Error(`This run has no Redis: ${redis.unavailable}`);
}

/** A key prefix that no other test file uses. No ":", which BullMQ keeps for itself. */
export function queuePrefix(): string {
  return `test-${randomBytes(8).toString('hex')}`;
}
