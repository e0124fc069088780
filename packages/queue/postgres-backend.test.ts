import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// oxlint-disable-next-line house/imports -- this test restarts its server, which the run's shared one must not suffer
import { startEmbeddedPostgres } from '@rollcall/embedded';
import { waitFor } from '@rollcall/testing';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { type Doorbell, openQueues, type QueueEvent } from './index.ts';
import { postgresQueueSchema } from './postgres-backend.ts';
import { QueueDatabaseUnreachable } from './queue-errors.ts';

const poll = (ring: number): Doorbell => ({ stage: 'poll', account: 'alpha', ring });
const until = (condition: () => unknown) =>
  waitFor(condition, { timeoutMs: 60_000, describe: condition.toString() });

test('a Postgres that is away at start is an error that says what to check', async () => {
  const opening = openQueues({
    databaseUrl: 'postgres://rollcall:secret@127.0.0.1:1/rollcall',
    accounts: [],
    onError: () => undefined,
  });
  await expect(opening).rejects.toThrow(QueueDatabaseUnreachable);
  await expect(opening).rejects.toThrow(/DATABASE_URL/);
  await expect(opening).rejects.not.toThrow(/secret/);
});

test('queues live in a schema of their own, opened by many at once, and outlive a restart of Postgres', async () => {
  const dataDirectory = join(tmpdir(), 'queue-postgres');
  const settings = { fsync: 'off' };
  let server = await startEmbeddedPostgres({ dataDirectory, settings });
  const databaseUrl = server.url;
  const port = Number(new URL(databaseUrl).port);
  const events: QueueEvent[] = [];
  const open = () =>
    openQueues({ databaseUrl, accounts: ['alpha'], onError: (event) => events.push(event) });
  try {
    const [queues, others] = await Promise.all([open(), open()]);
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    const schemas = await client.query<{ name: string }>(
      `SELECT DISTINCT schemaname AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    await client.end();
    expect(schemas.rows).toEqual([{ name: postgresQueueSchema }]);

    const heard: number[] = [];
    others.consume('poll', null, 1, async (doorbell) => {
      heard.push(doorbell.ring);
      return {};
    });
    await queues.ring([poll(1)]);
    await until(() => heard.includes(1));

    events.length = 0;
    await server.stop();
    expect(await queues.ring([poll(2)])).toEqual({ rung: 0, failed: 1 });
    server = await startEmbeddedPostgres({ dataDirectory, port, settings });
    expect(server.url).toBe(databaseUrl);
    await until(async () => (await queues.ring([poll(3)])).rung === 1);
    await until(() => heard.includes(3));
    // One per queue in five seconds, not one per connection and try.
    expect(events.length).toBeLessThan(10);
    await Promise.all([queues.close(), others.close()]);
  } finally {
    await server.stop();
    await rm(dataDirectory, { recursive: true, force: true });
  }
});
