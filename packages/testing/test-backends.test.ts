import { expect, inject, test } from 'vitest';
import { testBackends } from './test-backends.ts';

test('both queue backends are there, which CI insists on', (context) => {
  const { redis } = inject('testServers');
  if ('unavailable' in redis && !process.env['CI']) context.skip(redis.unavailable);
  expect(redis).not.toHaveProperty('unavailable');
  expect(testBackends).toEqual(['postgres', 'redis']);
});
