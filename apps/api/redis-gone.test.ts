import { connect } from 'node:net';
// oxlint-disable-next-line house/imports -- this test misconfigures its Redis, which the run's shared one must not suffer
import { startRedis } from '@rollcall/embedded';
import {
  openFaultyWire,
  queuePrefix,
  testBackends,
  testRedisUrl,
  waitFor,
} from '@rollcall/testing';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type KeyedDatabase, openKeyedDatabase, postJob } from './testing/keyed-database.ts';
import { runApi, spawnApi } from './testing/run-api.ts';

describe.runIf(testBackends.includes('redis'))('with Redis gone', () => {
  let ground: KeyedDatabase;
  beforeAll(async () => {
    ground = await openKeyedDatabase();
  });
  afterAll(() => ground.close());
  const post = (url: string) => postJob(url, ground.authorization);

  test('fault 15: jobs are taken with 202 all the same, readyz names the queue, and a stop is bounded', async () => {
    const wire = await openFaultyWire(testRedisUrl());
    const api = await runApi({
      DATABASE_URL: ground.databaseUrl,
      REDIS_URL: wire.url,
      ROLLCALL_QUEUE_PREFIX: queuePrefix(),
    });
    await wire.cut();
    expect((await post(api.url)).status).toBe(202);
    const ready = await fetch(`${api.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ postgres: { ok: true }, queue: { ok: false } });
    expect(await api.stop('SIGTERM')).toBe(0);
  });

  test('fault 15: a Redis that hangs costs a second, not the job', async () => {
    const wire = await openFaultyWire(testRedisUrl());
    const api = await runApi({
      DATABASE_URL: ground.databaseUrl,
      REDIS_URL: wire.url,
      ROLLCALL_QUEUE_PREFIX: queuePrefix(),
    });
    wire.freeze();
    expect((await post(api.url)).status).toBe(202);
    // The second's own limit ended the ring, and nothing that takes longer.
    expect(api.lines()).toContainEqual(
      expect.objectContaining({
        event: 'queue.error',
        error_message: 'the queue did not confirm within 1000 ms',
      }),
    );
    expect(await api.stop('SIGTERM')).toBe(0);
    await wire.cut();
  });

  test('fault 16: a Redis that evicts is refused at start, and what to set is said', async () => {
    const redis = await startRedis();
    if ('unavailable' in redis) throw new Error(redis.unavailable);
    onTestFinished(redis.stop);
    const { hostname, port, password } = new URL(redis.url);
    // What redis-cli would send: inline commands, each answered with OK.
    const socket = connect(Number(port), hostname).setEncoding('utf8');
    let answers = '';
    socket.on('data', (text) => (answers += String(text)));
    socket.write(`AUTH ${password}\r\nCONFIG SET maxmemory-policy allkeys-lru\r\n`);
    await waitFor(() => answers === '+OK\r\n+OK\r\n', { describe: 'the policy to be set' });
    socket.destroy();
    const api = await spawnApi({ DATABASE_URL: ground.databaseUrl, REDIS_URL: redis.url });
    expect(await api.ended).toBe(1);
    const last = api.lines().at(-1);
    expect(last).toMatchObject({ event: 'process.failed', level: 'error' });
    expect(last?.error_message).toMatch(/maxmemory-policy .*noeviction/);
  });
});
