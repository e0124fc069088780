import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { simulatedAccounts } from '@rollcall/config';
import { createApiKey, type Database, openDatabase } from '@rollcall/db';
import { startRedis } from '@rollcall/embedded';
import { startSimulator, type TestSimulator } from '@rollcall/testing';
import { processorTimeOf } from './processor-time.ts';
import { type Program, startProgram } from './start-program.ts';

/** The product on one machine: API, workers and simulated providers, each a process of its own. */
export interface Site {
  readonly apiUrl: string;
  readonly apiKey: string;
  /** The superuser's. */
  readonly db: Database;
  readonly simulator: TestSimulator;
  readonly programs: readonly Program[];
  /** Most memory of each program so far, by its name: `api`, `worker_1` … */
  peakRss_mb(): Promise<Record<string, number>>;
  /** Processor time of each program so far in seconds, by its name, and of what it started: `worker_1 starts` are readers of files. */
  processorTime_s(): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

export interface SiteSettings {
  /** Of a fresh database. */
  readonly databaseUrl: string;
  readonly folder: string;
  readonly queue: 'postgres' | 'redis';
  readonly workers: number;
  /** Simulated time of a task; none where absent. */
  readonly processingMsBase?: number;
  /** Of every simulated account; as shipped where absent. */
  readonly chunkSize?: number;
  /** Changes the accounts file before anybody reads it. */
  readonly editAccounts?: (text: string) => string;
  /** Settings of each program over those of here, as in docs/deployment.md. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts everything. Without workers: the API and the simulator alone. */
export async function openSite(settings: SiteSettings): Promise<Site> {
  await using opened = new AsyncDisposableStack();
  const { databaseUrl, folder, workers } = settings;
  const redis = settings.queue === 'redis' ? await startRedis() : null;
  if (redis !== null && 'unavailable' in redis) throw new Error(`No Redis: ${redis.unavailable}`);
  if (redis !== null) opened.defer(() => redis.stop());
  const simulator = await startSimulator({ processingMsBase: settings.processingMsBase ?? 0 });
  opened.defer(() => simulator.stop());
  const accounts = await simulatedAccounts({
    url: simulator.url,
    resultUrl: simulator.resultUrl,
    ...(settings.chunkSize !== undefined && { chunkSize: settings.chunkSize }),
  });
  const accountsFile = join(folder, 'accounts.yaml');
  await writeFile(accountsFile, settings.editAccounts?.(accounts.text) ?? accounts.text);
  const environment = {
    TMPDIR: folder,
    DATABASE_URL: databaseUrl,
    REDIS_URL: redis?.url,
    ROLLCALL_ACCOUNTS_FILE: accountsFile,
    ROLLCALL_PORT: '0',
    ...settings.environment,
  };
  const programs: Program[] = [];
  opened.defer(async () => {
    await Promise.all(programs.map((program) => program.stop()));
  });
  // The first worker writes the accounts down, which the API wants to find.
  for (let index = 1; index <= workers; index += 1) {
    const { program } = await startProgram(
      {
        name: `worker_${index}`,
        app: 'worker',
        environment: { ...environment, ...accounts.keys },
      },
      ({ event }) => (event === 'worker.started' ? true : undefined),
    );
    programs.push(program);
  }
  const { program, ready: port } = await startProgram(
    { name: 'api', app: 'api', environment },
    ({ event, port: given }) =>
      event === 'http.listening' && typeof given === 'number' ? given : undefined,
  );
  programs.push(program);
  const db = openDatabase({
    url: databaseUrl,
    maxConnections: 2,
    applicationName: 'rollcall bench',
    onIdleError: () => undefined,
  });
  opened.defer(() => db.close());
  const { key } = await createApiKey(db, { tenantId: 1, name: 'bench', scopes: ['admin'] });
  const held = opened.move();
  return {
    apiUrl: `http://127.0.0.1:${port}`,
    apiKey: key,
    db,
    simulator,
    programs,
    async peakRss_mb() {
      const peaks = await Promise.all(
        programs.map(async (each) => [each.name, await each.peakRss_mb()] as const),
      );
      return Object.fromEntries(
        peaks.filter((peak): peak is readonly [string, number] => peak[1] !== null),
      );
    },
    async processorTime_s() {
      const times = await Promise.all(
        programs.map(async ({ name, pid }) => {
          const { own_s, started_s } = await processorTimeOf(pid);
          return [
            [name, own_s],
            [`${name} starts`, started_s],
          ] as const;
        }),
      );
      return Object.fromEntries(times.flat());
    },
    stop: () => held.disposeAsync(),
  };
}
