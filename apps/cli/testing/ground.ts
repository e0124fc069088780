import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simulatedAccounts } from '@rollcall/config';
import { createApiKey, type Database, openDatabase } from '@rollcall/db';
import type { Scope } from '@rollcall/domain';
import {
  createTestDatabase,
  queuePrefix,
  startSimulator,
  type TestSimulator,
  waitFor,
} from '@rollcall/testing';
import { onTestFinished } from 'vitest';

/** A whole Rollcall in processes of its own: API, worker and simulator; for tests only. */
export interface Ground {
  readonly url: string;
  readonly database: Database;
  readonly simulator: TestSimulator;
  key(scopes: readonly Scope[]): Promise<string>;
  /** A file of so many numbers that no other test sends, beside nothing else in a folder of its own, until the test ends. */
  list(count: number): Promise<{ readonly folder: string; readonly file: string }>;
  jobCount(): Promise<number>;
  /** What the next call of an account at the simulator meets. */
  fault(action: object, operation?: 'create' | 'status'): Promise<void>;
  /** Ends the API as kill -9 does, on the port that the next one takes. */
  killApi(): Promise<void>;
  startApi(): Promise<void>;
  close(): Promise<void>;
}

interface Running {
  kill(signal: NodeJS.Signals): Promise<void>;
}

export async function layGround(
  options: { readonly chunkSize?: number; readonly processingMsBase?: number } = {},
): Promise<Ground> {
  const testDatabase = await createTestDatabase();
  const simulator = await startSimulator({ processingMsBase: options.processingMsBase ?? 0 });
  const folder = await mkdtemp(join(tmpdir(), 'cli-'));
  const { text, keys } = await simulatedAccounts({
    ...simulator,
    chunkSize: options.chunkSize ?? 5_000,
  });
  const accountsFile = join(folder, 'accounts.yaml');
  await writeFile(accountsFile, text);
  const database = openDatabase({
    url: testDatabase.url,
    maxConnections: 2,
    applicationName: 'rollcall cli test',
    onIdleError: () => undefined,
  });
  const port = await freePort();
  const environment = {
    DATABASE_URL: testDatabase.url,
    ROLLCALL_ACCOUNTS_FILE: accountsFile,
    ROLLCALL_QUEUE_PREFIX: queuePrefix(),
    ROLLCALL_RESCUE_INTERVAL_MS: '1000',
    ROLLCALL_SUPPRESSION_SECRETS: 'test:a-secret-for-this-test-and-nothing-else',
    ROLLCALL_PORT: String(port),
    TMPDIR: tmpdir(),
  };
  let serial = 0;
  let api: Running;
  const startApi = async () => {
    api = await start('api', environment, 'http.listening');
  };
  const [, worker] = await Promise.all([
    startApi(),
    start('worker', { ...environment, ...keys }, 'worker.started'),
  ]);
  return {
    url: `http://127.0.0.1:${port}`,
    database,
    simulator,
    key: async (scopes) =>
      (await createApiKey(database, { tenantId: 1, name: 'test', scopes })).key,
    async list(count) {
      const own = await mkdtemp(join(folder, 'list-'));
      onTestFinished(() => rm(own, { recursive: true }));
      const file = join(own, 'numbers.csv');
      const rows = Array.from({ length: count }, (_, row) => `x;+447911${100_000 + serial + row}`);
      serial += count;
      await writeFile(file, `name;phone\n${rows.join('\n')}\n`);
      return { folder: own, file };
    },
    async jobCount() {
      const { rows } = await database.query<{ jobs: number }>(
        'SELECT count(*) AS jobs FROM store.jobs',
      );
      return rows[0]?.jobs ?? -1;
    },
    async fault(action, operation = 'create') {
      const match = { account: 'ekycpro', operation };
      await simulator.control('POST', 'faults', { match, action });
    },
    killApi: () => api.kill('SIGKILL'),
    startApi,
    async close() {
      await Promise.all([api.kill('SIGTERM'), worker.kill('SIGTERM')]);
      await database.close();
      await simulator.stop();
      await testDatabase.drop();
      await rm(folder, { recursive: true });
    },
  };
}

/** Starts apps/<name>/main.ts, and waits until it logs this event. */
async function start(
  name: 'api' | 'worker',
  environment: Readonly<Record<string, string>>,
  readyEvent: string,
): Promise<Running> {
  const program = join(import.meta.dirname, '../..', name, 'main.ts');
  const child = spawn(process.execPath, [program, '--until-stdin-ends'], {
    env: environment,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'exit');
  const isReady = () => output.includes(`"event":"${readyEvent}"`);
  await waitFor(() => isReady() || child.exitCode !== null, {
    // Seconds on a free machine; others may be at work.
    timeoutMs: 100_000,
    describe: `the ${name} to start`,
  });
  if (!isReady()) throw new Error(`the ${name} ended at its start: ${output.slice(-2_000)}`);
  return {
    async kill(signal) {
      child.kill(signal);
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  return address.port;
}
