// Over 300 lines: one ground for every test of the worker, so that none has a reality of its own.

import { randomBytes } from 'node:crypto';
import { type Accounts, readAccounts, simulatedAccounts } from '@rollcall/config';
import {
  type Database,
  openDatabase,
  type OpenIntake,
  receiveJob,
  suppressionCheck,
  type SuppressionFound,
  syncAccounts,
} from '@rollcall/db';
import { type Account, type JobId, type Money, makeId } from '@rollcall/domain';
import { numberDigests } from '@rollcall/privacy';
import { createProvider, type Provider } from '@rollcall/providers';
import { openQueues, type Queues } from '@rollcall/queue';
import { openResultReaders } from '@rollcall/results';
import {
  createLogger,
  describeError,
  type Metrics,
  noMetrics,
  noTracing,
  type Tracing,
} from '@rollcall/telemetry';
import {
  createTestDatabase,
  queuePrefix,
  startSimulator,
  type TestBackend,
  type TestDatabase,
  type TestSimulator,
  testRedisUrl,
  waitFor,
  writesInNamedTransactionsOnly,
} from '@rollcall/testing';
import type { Equipment } from './equipment.ts';
import { observeRequest } from './observed.ts';
import { type Running, run } from './run.ts';

/** A database, a simulator and a worker's equipment, as real as in production; for tests only. */
export interface Ground {
  readonly db: Database;
  readonly databaseUrl: string;
  readonly simulator: TestSimulator;
  readonly accounts: Accounts;
  readonly equipment: Equipment;
  /** Lines that the stages logged, parsed. */
  readonly logged: Record<string, unknown>[];
  /** So many example numbers, ascending, that nobody of this ground had before. */
  fresh(count: number): number[];
  /** Stores a job as the API does, and rings. */
  enqueue(check: string, numbers: readonly number[], options?: EnqueueOptions): Promise<JobId>;
  /** Starts consumers and sweeps on a queue backend. */
  start(backend: TestBackend): Promise<Running>;
  job(jobId: string): Promise<Record<string, unknown>>;
  chunks(jobId: string): Promise<Record<string, unknown>[]>;
  untilState(jobId: string, states: readonly string[], timeoutMs?: number): Promise<void>;
  /** The first chunk of a job, once it is in one of these states. */
  untilChunk(
    jobId: string,
    states: readonly string[],
    timeoutMs?: number,
  ): Promise<Record<string, unknown>>;
  /** Makes due now whatever of the job waits for a time: the tests' way of letting time pass. */
  hurry(jobId: string): Promise<void>;
  /** The first chunk of a job, once it is in one of these states, with time passing quickly until then. */
  hurryUntil(jobId: string, states: readonly string[]): Promise<Record<string, unknown>>;
  /** Scripts a fault at the simulator. */
  fault(fault: unknown): Promise<void>;
  /** What the simulator charged for the account, in uploads. */
  charges(account: string): Promise<number>;
  /** Requests of one operation that the simulator got from the account. */
  requests(account: string, operation: string): Promise<number>;
  /** Throws when the simulator charged a number twice for the same check and account. */
  nothingPaidTwice(): Promise<void>;
  close(): Promise<void>;
}

export interface EnqueueOptions {
  readonly account?: string;
  readonly maxCost?: Money | null;
  readonly priority?: number;
  /** What is kept as the upload; absent: the numbers, a line each. */
  readonly upload?: string | Buffer;
  /** How it was read. */
  readonly reading?: Readonly<Record<string, unknown>>;
  readonly defaultRegion?: string | null;
  /** What tells erasures to wait for it. */
  readonly intake?: OpenIntake;
  /** What was found on the suppression list; absent: what is found now. */
  readonly suppression?: SuppressionFound;
}

export interface GroundOptions {
  /** Changes an account as read from the accounts file. */
  readonly change?: (account: Account) => Account;
  readonly chunkSize?: number;
  readonly lease_ms?: number;
  readonly heartbeat_ms?: number;
  /** A migrated database on a server that a test may stop; else one on the run's shared server. */
  readonly database?: TestDatabase;
  readonly metrics?: Metrics;
  readonly tracing?: Tracing;
}

/** For suppression lists: two secrets, as after a rotation. */
const testSecrets = [
  { id: 'new', secret: 'the-secret-of-now-for-tests-and-nothing-else' },
  { id: 'old', secret: 'the-secret-of-before-for-tests-and-nothing-else' },
];
export const testDigests = numberDigests(testSecrets);
/** As a worker's environment has them. */
export const testSecretsText = testSecrets.map(({ id, secret }) => `${id}:${secret}`).join(',');

/** Valid British mobiles follow it by the million. */
const firstNumber = 447_911_000_000;

export async function layGround(options: GroundOptions = {}): Promise<Ground> {
  const database = options.database ?? (await createTestDatabase());
  const simulator = await startSimulator();
  const { text, keys } = await simulatedAccounts({
    ...simulator,
    ...(options.chunkSize === undefined ? {} : { chunkSize: options.chunkSize }),
  });
  const read = readAccounts(text, keys, { withKeys: true });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  const lease_ms = options.lease_ms ?? 30_000;
  // No upload begins that its claim would not outlast.
  const fitting = (account: Account): Account => ({
    ...account,
    upload_deadline_ms: Math.min(account.upload_deadline_ms, lease_ms / 2),
  });
  const change = options.change ?? ((account: Account) => account);
  const accounts: Accounts = {
    ...read.accounts,
    accounts: new Map(
      [...read.accounts.accounts].map(([id, account]) => [id, change(fitting(account))]),
    ),
  };
  // The worker's statements run as they do in production; a test's own are the owner's.
  const open = (url: string, role?: 'rollcall_worker') =>
    openDatabase({
      url,
      ...(role && { role }),
      maxConnections: 8,
      applicationName: 'rollcall worker test',
      onIdleError: () => undefined,
    });
  const db = open(database.url);
  const workerDb = open(writesInNamedTransactionsOnly(database.url), 'rollcall_worker');
  const synced = await syncAccounts(db, [...accounts.accounts.values()]);
  if (!synced.ok) throw new Error(synced.problems.join('\n'));

  const logged: Record<string, unknown>[] = [];
  let nextNumber = firstNumber;
  const log = createLogger({
    name: 'worker',
    level: 'debug',
    destination: { write: (line: string) => void logged.push(JSON.parse(line)) },
  });
  const { metrics = noMetrics, tracing = noTracing } = options;
  const providers = new Map<string, Provider>();
  let queues: Queues | null = null;
  const running: Running[] = [];
  const stopping = new AbortController();
  const equipment: Equipment = {
    db: workerDb,
    log,
    metrics,
    tracing,
    accounts,
    digests: testDigests,
    suppressions: suppressionCheck(testDigests),
    providerOf(account) {
      const known =
        providers.get(account.id) ??
        createProvider(account, accounts.keyOf(account.id), {
          onRequest: observeRequest(metrics, tracing, log),
        });
      providers.set(account.id, known);
      return known;
    },
    readers: openResultReaders(),
    async ring(doorbells) {
      await queues?.ring(doorbells);
    },
    stopping: stopping.signal,
    times: {
      lease_ms,
      heartbeat_ms: options.heartbeat_ms ?? 5_000,
      rescueInterval_ms: 2_000,
    },
    retention: { rows: 24, files: 6, audit: 36 },
  };

  const hurry = async (jobId: string): Promise<void> => {
    await db.query(
      `UPDATE store.chunks c SET due_at = clock_timestamp(), rung_at = NULL FROM store.jobs j
          WHERE j.job_no = c.job_no AND j.id = $1 AND c.due_at IS NOT NULL AND c.state NOT IN ('submitting', 'ingesting')`,
      [jobId],
    );
  };
  const chunksOf = async (jobId: string): Promise<Record<string, unknown>[]> => {
    const { rows } = await db.query(
      `SELECT c.*, a.outcome AS attempt_outcome, a.outcome_reason, a.task_id FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no
         LEFT JOIN store.attempts a ON a.id = c.attempt_id WHERE j.id = $1 ORDER BY c.chunk_no`,
      [jobId],
    );
    return rows;
  };

  return {
    db,
    databaseUrl: database.url,
    simulator,
    accounts,
    equipment,
    logged,
    fresh(count) {
      const from = nextNumber;
      nextNumber += count;
      return Array.from({ length: count }, (_, index) => from + index);
    },
    async enqueue(
      check,
      numbers,
      {
        account,
        maxCost = null,
        priority = 0,
        upload = numbers.map((each) => `+${each}`).join('\n'),
        reading = { format: 'txt' },
        defaultRegion = null,
        intake,
        suppression,
      } = {},
    ) {
      const sorted = Float64Array.from(new Set(numbers)).sort();
      const id = makeId('job', Date.now(), randomBytes(10));
      const accountId = account ?? accounts.defaults.get(check) ?? 'nobody';
      const received = await receiveJob(db, {
        id,
        tenantId: 1,
        checkName: check,
        account: accountId,
        currency: accounts.accounts.get(accountId)?.currency ?? 'USD',
        name: null,
        priority,
        purpose: 'test',
        requestedBy: 'test',
        defaultRegion,
        maxCost,
        createdBy: null,
        idempotency: null,
        ...(intake && { intake }),
        lines: numbers.length,
        accepted: sorted.length,
        duplicates: numbers.length - sorted.length,
        rejected: 0,
        numbers: once(sorted),
        suppression: suppression ?? (await suppressionCheck(testDigests).find(db, 1, [sorted])),
        rejects: none(),
        upload: {
          bytes: once(Buffer.from(upload)),
          encoding: 'identity',
          sha256: new Uint8Array(32),
          byteCount: Buffer.byteLength(upload),
          reading,
        },
      });
      if (received.kind !== 'created') throw new Error(received.kind);
      await equipment.ring([{ stage: 'plan', jobId: received.jobId, ring: received.ring }]);
      return received.jobId;
    },
    async start(backend) {
      queues = await openQueues({
        databaseUrl: database.url,
        databaseRole: 'rollcall_queue',
        redisUrl: backend === 'redis' ? testRedisUrl() : undefined,
        prefix: queuePrefix(),
        accounts: [...accounts.accounts.keys()],
        onError: (event) =>
          void logged.push({
            event: `queue.${event.kind}`,
            ...('error' in event ? describeError(event.error) : {}),
          }),
      });
      const started = run(equipment, queues, ['plan', 'submit', 'poll', 'ingest'], 3_600_000);
      running.push(started);
      return started;
    },
    async job(jobId) {
      const { rows } = await db.query('SELECT * FROM rollcall.jobs WHERE job_id = $1', [jobId]);
      return rows[0] as Record<string, unknown>;
    },
    chunks: chunksOf,
    async untilState(jobId, states, timeoutMs = 60_000) {
      await waitFor(
        async () => {
          const { rows } = await db.query<{ state: string }>(
            'SELECT state FROM store.jobs WHERE id = $1',
            [jobId],
          );
          return states.includes(rows[0]?.state ?? '');
        },
        { timeoutMs, describe: `job ${jobId} to be ${states.join(' or ')}` },
      );
    },
    async untilChunk(jobId, states, timeoutMs = 60_000) {
      return waitFor(
        async () => {
          const first = (await chunksOf(jobId)).find((chunk) => chunk['state'] !== 'superseded');
          return first !== undefined && states.includes(String(first['state'])) ? first : null;
        },
        { timeoutMs, describe: `the first chunk of ${jobId} to be ${states.join(' or ')}` },
      );
    },
    hurry,
    hurryUntil: (jobId, states) =>
      waitFor(
        async () => {
          await hurry(jobId);
          const chunk = (await chunksOf(jobId))[0];
          return chunk && states.includes(String(chunk['state'])) ? chunk : null;
        },
        {
          timeoutMs: 60_000,
          everyMs: 200,
          describe: `the chunk of ${jobId} to be ${states.join(' or ')}`,
        },
      ),
    async fault(fault) {
      await simulator.control('POST', 'faults', fault);
    },
    async charges(account) {
      const ledger = (await simulator.control('GET', `ledger?account=${account}`)) as {
        charges: unknown[];
      };
      return ledger.charges.length;
    },
    async requests(account, operation) {
      const tallies = (await simulator.control('GET', 'requests')) as RequestTallies;
      const tally = tallies.requests.find(
        (each) => each.account === account && each.operation === operation,
      );
      return tally?.count ?? 0;
    },
    async nothingPaidTwice() {
      const { paid_twice } = (await simulator.control('GET', 'paid-twice')) as {
        paid_twice: number;
      };
      if (paid_twice !== 0) throw new Error(`${paid_twice} numbers were paid for twice`);
    },
    async close() {
      stopping.abort();
      await Promise.all(running.map((each) => each.stop(5_000)));
      await equipment.readers.close();
      await queues?.close();
      await Promise.all([...providers.values()].map((provider) => provider.close()));
      await Promise.all([db.close(), workerDb.close()]);
      await simulator.stop();
      await database.drop();
    },
  };
}

/** What the simulator's control API answers; see apps/simulator/README.md. */
interface RequestTallies {
  readonly requests: readonly {
    readonly account: string;
    readonly operation: string;
    readonly count: number;
  }[];
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

async function* none(): AsyncGenerator<never> {}
