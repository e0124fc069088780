import { randomBytes } from 'node:crypto';
import {
  type Account,
  type ApprovalId,
  type ArtifactId,
  type Money,
  makeId,
} from '@rollcall/domain';
import { createTestDatabase } from '@rollcall/testing';
import { type Database, openDatabase } from '../database.ts';
import { syncAccounts } from '../sql/accounts.ts';

/** A migrated database of one's own with one account; for tests only. */
export interface Ground {
  readonly db: Database;
  readonly url: string;
  close(): Promise<void>;
}

export const account: Account = {
  id: 'acme',
  adapter: 'tasks-v1',
  baseUrl: 'https://acme.example/v1',
  currency: 'USD',
  operatedBy: 'default',
  checks: {
    telegram: {
      taskType: 'tg',
      minNumbers: 1,
      maxNumbers: 1_000,
      chunkSize: 10,
      pricePerNumber: 2_000_000n as Money,
      semantics: 'table',
      verdictColumns: [],
      verdictWords: {},
    },
  },
  pace: { requestsPerSecond: 5, uploadsInFlight: 2 },
  poll: { floor_ms: 1_000, ceiling_ms: 60_000, deadline_ms: 3_600_000 },
  upload_deadline_ms: 20_000,
  download_deadline_ms: 60_000,
  maxResultBytes: 1 << 20,
  resultHosts: [],
  allowInsecure: false,
  canary: 'ingest',
  semanticsConfirmed: true,
  dailyCap: null,
  monthlyCap: null,
  pathPrefix: null,
  userId: null,
};

export async function layGround(maxConnections = 6): Promise<Ground> {
  const database = await createTestDatabase();
  const db = openDatabase({
    url: database.url,
    maxConnections,
    applicationName: 'rollcall db test',
    onIdleError: () => undefined,
  });
  const synced = await syncAccounts(db, [account]);
  if (!synced.ok) throw new Error(synced.problems.join('\n'));
  return {
    db,
    url: database.url,
    async close() {
      await db.close();
      await database.drop();
    },
  };
}

export const newId = {
  job: () => makeId('job', Date.now(), randomBytes(10)),
  chunk: () => makeId('chunk', Date.now(), randomBytes(10)),
  attempt: () => makeId('attempt', Date.now(), randomBytes(10)),
  artifact: (): ArtifactId => makeId('artifact', Date.now(), randomBytes(10)),
  approval: (): ApprovalId => makeId('approval', Date.now(), randomBytes(10)),
};

export async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

/** One row of a query, as it comes. */
export async function row(
  { db }: Ground,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Record<string, unknown>> {
  const { rows } = await db.query<Record<string, unknown>>(sql, [...values]);
  return rows[0] ?? {};
}

export async function chunkRow(ground: Ground, chunkId: string): Promise<Record<string, unknown>> {
  return row(ground, 'SELECT * FROM store.chunks WHERE id = $1', [chunkId]);
}

/** Where an attempt's money is. */
export async function placeOf(ground: Ground, attemptId: string): Promise<unknown> {
  const sql = 'SELECT place FROM store.attempt_money WHERE attempt_id = $1';
  return (await row(ground, sql, [attemptId]))['place'];
}
