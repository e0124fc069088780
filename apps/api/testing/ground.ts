import { PassThrough } from 'node:stream';
import { readAccounts } from '@rollcall/config';
import { checkRole, createApiKey, type Database, openDatabase } from '@rollcall/db';
import type { Scope } from '@rollcall/domain';
import { numberDigests } from '@rollcall/privacy';
import { openQueues, type Queues } from '@rollcall/queue';
import { createLogger, noTracing, openMetrics } from '@rollcall/telemetry';
import {
  createTestDatabase,
  queuePrefix,
  type TestBackend,
  testRedisUrl,
  writesInNamedTransactionsOnly,
} from '@rollcall/testing';
import type { FastifyInstance } from 'fastify';
import { type ApiLimits, buildApp } from '../app.ts';
import { firstLook } from '../first-look.ts';
import { stopServer } from '../stop-server.ts';
import { testDigests } from './test-digests.ts';

/** Two accounts: `alpha` takes anything, `beta` at least 3 numbers; `viber` has no default account. */
export const accountsText = `
defaults: { telegram: alpha, whatsapp: beta }
accounts:
  alpha:
    adapter: tasks-v1
    base_url: https://alpha.example
    key_env: ALPHA_KEY
    currency: USD
    checks:
      telegram: { task_type: tg, chunk_size: 1000, price_per_number: "0.0004" }
      viber: { task_type: viber, chunk_size: 1000, price_per_number: "0.0004" }
  beta:
    adapter: tasks-v1
    base_url: https://beta.example
    key_env: BETA_KEY
    currency: EUR
    checks:
      whatsapp: { task_type: ws, min_numbers: 3, chunk_size: 1000, price_per_number: "0.001" }
`;

export const limits: ApiLimits = {
  intake: { maxLines: 100_000, maxLineBytes: 4_096, maxBytes: 4_000_000 },
  requestTimeout_ms: 20_000,
  connectionTimeout_ms: 10_000,
  requestsPerMinute: { perKeyMax: 1_000_000, perAddressMax: 1_000_000 },
  // A tenant has half of them, and a test sends a hundred at once.
  uploads: { atOnceMax: 256, atOncePerKeyMax: 128 },
  slowBodies: { bodyTimeout_ms: 10_000, uploadBytesPerSecondMin: 0, slowAfter_ms: 10_000 },
  storesAtOnceMax: 4,
  exportsAtOnceMax: 4,
  exportTimeout_ms: 60_000,
  keptMonths: 24,
  events: { listenersMax: 6, pollEvery_ms: 50, heartbeatEvery_ms: 50, lifeMax_ms: 60_000 },
};

export interface Ground {
  readonly app: FastifyInstance;
  /** Listens there, on a free port. */
  readonly url: string;
  readonly database: Database;
  /** The API's own connections to it. */
  readonly apiDatabase: Database;
  readonly databaseUrl: string;
  readonly queues: Queues;
  /** Of the queues, for a worker that is to hear their doorbells. */
  readonly queuePrefix: string;
  /** Everything that was logged. */
  readonly logged: () => string;
  /** A new key, as the value of an Authorization header. */
  bearer(scopes: readonly Scope[], tenantId?: number): Promise<string>;
  close(): Promise<void>;
}

export interface GroundOptions {
  readonly backend?: TestBackend;
  /** Another accounts file than the two accounts above. */
  readonly accountsText?: string;
  /** Another Redis than the run's. */
  readonly redisUrl?: string;
  readonly limits?: Partial<ApiLimits>;
  /** No secret of a suppression list is configured. */
  readonly withoutSecrets?: boolean;
}

/** A listening API on a database and queues of a test's own. */
export async function openGround(options: GroundOptions = {}): Promise<Ground> {
  const testDatabase = await createTestDatabase();
  // The API's statements run as they do in production; a test's own are the owner's.
  const open = (url: string, role?: 'rollcall_api') =>
    openDatabase({
      url,
      ...(role && { role }),
      maxConnections: 8,
      applicationName: 'rollcall api test',
      onIdleError: () => undefined,
    });
  const database = open(testDatabase.url);
  const apiDatabase = open(writesInNamedTransactionsOnly(testDatabase.url), 'rollcall_api');
  const read = readAccounts(options.accountsText ?? accountsText, {}, { withKeys: false });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  const redisUrl = options.redisUrl ?? (options.backend === 'redis' ? testRedisUrl() : undefined);
  const prefix = queuePrefix();
  const queues = await openQueues({
    databaseUrl: testDatabase.url,
    databaseRole: 'rollcall_queue',
    redisUrl,
    prefix,
    accounts: [...read.accounts.accounts.keys()],
    onError: () => undefined,
  });
  const lines: string[] = [];
  const destination = new PassThrough();
  destination.on('data', (line) => lines.push(String(line)));
  const app = await buildApp({
    database: apiDatabase,
    isDatabaseFine: firstLook(
      () => checkRole(apiDatabase, 'rollcall_api'),
      () => undefined,
    ),
    queues,
    accounts: read.accounts,
    digests: options.withoutSecrets === true ? numberDigests([]) : testDigests,
    log: createLogger({ name: 'api', level: 'debug', destination }),
    metrics: await openMetrics('api', { ofProcess: false }),
    tracing: noTracing,
    limits: { ...limits, ...options.limits },
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    app,
    url,
    database,
    apiDatabase,
    databaseUrl: testDatabase.url,
    queues,
    queuePrefix: prefix,
    logged: () => lines.join(''),
    async bearer(scopes, tenantId = 1) {
      const { key } = await createApiKey(database, { tenantId, name: 'test', scopes });
      return `Bearer ${key}`;
    },
    async close() {
      await stopServer(app, 5_000);
      await queues.close();
      await Promise.all([database.close(), apiDatabase.close()]);
      await testDatabase.drop();
    },
  };
}

/** A second tenant's number. */
export async function addTenant(database: Database): Promise<number> {
  const { rows } = await database.query<{ id: number }>(
    "INSERT INTO store.tenants (name) VALUES ('another') RETURNING id",
  );
  return rows[0]?.id ?? 0;
}

// A test looks into foreign JSON as a client would; what it finds there is what it asserts.
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;
