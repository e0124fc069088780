import { randomBytes } from 'node:crypto';
import { makeId } from '@rollcall/domain';
import {
  createTestDatabase,
  type FaultyWire,
  openFaultyWire,
  queuePrefix,
  type TestBackend,
  testRedisUrl,
} from '@rollcall/testing';
import type { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { Doorbell } from './doorbell.ts';
import { openQueues, type Queues } from './open-queues.ts';
import type { QueueEvent } from './queue-event.ts';

/** A database or a Redis prefix of this test file's own, behind a wire that fails when it is told to. */
export interface Ground {
  readonly wire: FaultyWire;
  /** For `openQueues`, over the wire. */
  readonly urls: Urls;
  /** Opens queues for the accounts `alpha` and `beta` over the wire; `events` collects what they tell. */
  open(): Promise<{ queues: Queues; events: QueueEvent[] }>;
  /** Throws every message away, and with them what BullMQ knows of its queues. */
  empty(): Promise<void>;
  /** Everything that the backend has stored, as text. */
  stored(): Promise<string>;
  close(): Promise<void>;
}

interface Urls {
  readonly databaseUrl: string;
  readonly redisUrl?: string;
  readonly prefix?: string;
}

/** Where the queues of a test live: a database of its own, or a prefix of its own in a Redis. */
export type GroundAt =
  | { readonly databaseUrl: string }
  | { readonly redisUrl: string; readonly prefix: string };

export async function openGround(at: GroundAt): Promise<Ground> {
  return 'databaseUrl' in at
    ? await openPostgresGround(at.databaseUrl)
    : await openRedisGround(at.redisUrl, at.prefix);
}

/** A ground on one of the run's backends, with a database or a prefix of its own. */
export async function openGroundOn(backend: TestBackend): Promise<Ground> {
  if (backend === 'redis') return openGround({ redisUrl: testRedisUrl(), prefix: queuePrefix() });
  const database = await createTestDatabase();
  const ground = await openGround({ databaseUrl: database.url });
  return {
    ...ground,
    async close() {
      await ground.close();
      await database.drop();
    },
  };
}

export function queueNamed(queues: Queues, name: string): Queue {
  const queue = queues.all().find((each) => each.name === name);
  if (queue === undefined) throw new Error(`no queue ${name}`);
  return queue;
}

async function openPostgresGround(databaseUrl: string): Promise<Ground> {
  const wire = await openFaultyWire(databaseUrl);
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const urls = { databaseUrl: wire.url };
  return {
    wire,
    urls,
    open: () => openListening(urls),
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
    },
  };
}

async function openRedisGround(redisUrl: string, prefix: string): Promise<Ground> {
  const wire = await openFaultyWire(redisUrl);
  const client = new Redis(redisUrl);
  const keys = () => client.keys(`${prefix}:*`);
  const urls = { databaseUrl: 'postgres://unused.invalid/none', redisUrl: wire.url, prefix };
  return {
    wire,
    urls,
    open: () => openListening(urls),
    async empty() {
      const all = await keys();
      if (all.length > 0) await client.del(...all);
    },
    async stored() {
      const texts: string[] = [];
      for (const key of await keys()) {
        texts.push(key, JSON.stringify(await readKey(client, key)));
      }
      return texts.join('\n');
    },
    async close() {
      client.disconnect();
      await wire.close();
    },
  };
}

async function openListening(urls: Urls) {
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

/** A submit doorbell for a chunk of its own. */
export function submitDoorbell(ring: number, account = 'alpha'): Doorbell {
  const chunkId = makeId('chunk', Date.now(), randomBytes(10));
  return { stage: 'submit', chunkId, account, ring };
}
