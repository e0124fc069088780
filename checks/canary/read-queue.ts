import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Queryable } from '../../packages/db/index.ts';

const ofQueue = createRequire(join(import.meta.dirname, '../../packages/queue/index.ts'));
const { Redis } = ofQueue('ioredis') as { readonly Redis: new (url: string) => RedisClient };

/** What is asked of the client that the queue package has. */
interface RedisClient {
  keys(pattern: string): Promise<string[]>;
  type(key: string): Promise<string>;
  dumpBuffer(key: string): Promise<Buffer | null>;
  get(key: string): Promise<unknown>;
  hgetall(key: string): Promise<unknown>;
  lrange(key: string, from: number, to: number): Promise<unknown>;
  smembers(key: string): Promise<unknown>;
  zrange(key: string, from: number, to: number, scores: 'WITHSCORES'): Promise<unknown>;
  xrange(key: string, from: string, to: string): Promise<unknown>;
  disconnect(): void;
}

/** Every key under a prefix and its value: as Redis would dump it, and its strings one by one, which a dump may compress. */
export async function readRedis(url: string, prefix: string): Promise<Buffer> {
  const redis = new Redis(url);
  try {
    const parts: Buffer[] = [];
    for (const key of await redis.keys(`*${prefix}*`)) {
      parts.push(Buffer.from(key), (await redis.dumpBuffer(key)) ?? Buffer.alloc(0));
      parts.push(Buffer.from(JSON.stringify(await valueOf(redis, key))));
    }
    return Buffer.concat(parts.flatMap((part) => [part, Buffer.from('\n')]));
  } finally {
    redis.disconnect();
  }
}

async function valueOf(redis: RedisClient, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, 0, -1, 'WITHSCORES');
    case 'stream':
      return redis.xrange(key, '-', '+');
    default:
      return null;
  }
}

/** Every row of every table of a schema, as text. */
export async function readTables(db: Queryable, schema: string): Promise<Buffer> {
  const { rows: tables } = await db.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('r', 'p')`,
    [schema],
  );
  const parts: string[] = [];
  for (const { name } of tables) parts.push(name, await readTable(db, name));
  return Buffer.from(parts.join('\n'));
}

/** The rows of a table or view as text; `columns` is SQL. */
export async function readTable(db: Queryable, table: string, columns = 't'): Promise<string> {
  const { rows } = await db.query<{ row: string }>(
    `SELECT (${columns})::text AS row FROM ${table} t`,
  );
  return rows.map(({ row }) => row).join('\n');
}
