import { startEmbeddedPostgres, startRedis } from '@rollcall/embedded';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { type FaultyWire, openFaultyWire } from './faulty-wire.ts';
import { openQueues, type Queues } from './open-queues.ts';
import type { QueueEvent } from './queue-event.ts';

/** A backend of this test file's own, which may be cut off, emptied and misconfigured, behind a wire that fails. */
export interface Ground {
  readonly kind: 'postgres' | 'redis';
  readonly wire: FaultyWire;
  /** Opens queues for the accounts `alpha` and `beta` over the wire; `events` collects what they tell. */
  open(): Promise<{ queues: Queues; events: QueueEvent[] }>;
  /** Throws every message away, as FLUSHALL does. */
  empty(): Promise<void>;
  /** Everything that the backend has stored, as text. */
  stored(): Promise<string>;
  close(): Promise<void>;
}

export async function openPostgresGround(): Promise<Ground> {
  const server = await startEmbeddedPostgres({ settings: { fsync: 'off' } });
  const wire = await openFaultyWire(server.url);
  const client = new Client({ connectionString: server.url });
  await client.connect();
  return {
    kind: 'postgres',
    wire,
    open: () => openGround({ databaseUrl: wire.url }),
    async empty() {
      await client.query('TRUNCATE bullmq.job CASCADE');
    },
    async stored() {
      const tables = await client.query<{ name: string }>(
        `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'bullmq'`,
      );
      const texts: string[] = [];
      for (const { name } of tables.rows) {
        const rows = await client.query<{ text: string }>(
          `SELECT row_to_json(t)::text AS text FROM ${name} t`,
        );
        texts.push(...rows.rows.map((row) => row.text));
      }
      return texts.join('\n');
    },
    async close() {
      await client.end();
      await wire.close();
      await server.stop();
    },
  };
}

export async function openRedisGround(): Promise<Ground & { readonly client: Redis }> {
  const server = await startRedis();
  if ('unavailable' in server) throw new Error(server.unavailable);
  const wire = await openFaultyWire(server.url);
  const client = new Redis(server.url);
  return {
    kind: 'redis',
    wire,
    client,
    open: () => openGround({ databaseUrl: 'postgres://unused.invalid/none', redisUrl: wire.url }),
    async empty() {
      await client.flushall();
    },
    async stored() {
      const texts: string[] = [];
      for (const key of await client.keys('*')) {
        texts.push(key, JSON.stringify(await readKey(client, key)));
      }
      return texts.join('\n');
    },
    async close() {
      client.disconnect();
      await wire.close();
      await server.stop();
    },
  };
}

async function openGround(urls: { databaseUrl: string; redisUrl?: string }) {
  const events: QueueEvent[] = [];
  const queues = await openQueues({
    ...urls,
    accounts: ['alpha', 'beta'],
    onError: (event) => events.push(event),
  });
  return { queues, events };
}

async function readKey(client: Redis, key: string): Promise<unknown> {
  switch (await client.type(key)) {
    case 'hash':
      return client.hgetall(key);
    case 'list':
      return client.lrange(key, 0, -1);
    case 'set':
      return client.smembers(key);
    case 'zset':
      return client.zrange(key, '0', '-1', 'WITHSCORES');
    case 'stream':
      return client.xrange(key, '-', '+');
    default:
      return client.get(key);
  }
}
