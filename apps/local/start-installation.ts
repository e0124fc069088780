import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { childEnvironment, simulatedAccounts } from '@rollcall/config';
import {
  createApiKey,
  type Database,
  migrate,
  openDatabase,
  revokeEarlierApiKeys,
} from '@rollcall/db';
import { openToReaders } from './reader-role.ts';
import { simulatedAccountsFile } from './simulated-accounts-file.ts';
import { type Child, fieldsOf, startChild } from './start-child.ts';
import { startKeptRedis, startPostgres } from './start-servers.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from './start-simulator.ts';
import { suppressionSecret } from './suppression-secret.ts';
import { orderlyEnds, startingAgain, startingOnce, type Supervise } from './supervise.ts';

/** Rollcall on one machine: the servers, and the same programs that run in production. */
export interface Installation {
  /** `http://127.0.0.1:8080` */
  readonly apiUrl: string;
  /** A fresh API key that may do everything. */
  readonly apiKey: string;
  /** For psql, password included: a role that reads the documented views and changes nothing of Rollcall. */
  readonly databaseUrl: string;
  /** Holds the owner's URL, with which all of Rollcall can be changed; only the folder's owner reads it. */
  readonly databaseUrlFile: string;
  readonly database: Database;
  /** `postgres`, or the Redis that was found: `redis 7.0.15`. */
  readonly queue: string;
  /** Null where the accounts are somebody's own. */
  readonly simulator: Simulator | null;
  readonly children: readonly Child[];
  /** Resolves when one of the processes has ended that should not, and is not started again; never rejects. */
  readonly lost: Promise<{ readonly child: Child; readonly how: string }>;
}

export interface InstallationOptions {
  /** Holds everything; must exist, and belong to nobody else's installation. */
  readonly folder: string;
  /** Postgres: kept in the folder between runs, or temporary and as fast as it can be. */
  readonly keepsData: boolean;
  /** What ends is started again, and this is told so; null: it is lost at once. */
  readonly sayRestarts: ((line: string) => void) | null;
  readonly redis: boolean;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The providers: simulated, or those of an accounts file whose keys are in our own environment. */
  readonly providers: { readonly simulated: SimulatorOptions } | { readonly accountsFile: string };
  /** Of the fresh API key. Those of the same name from before are revoked. */
  readonly keyName: string;
}

/** Longer than the longest upload (20 s), so that a stop leaves none in doubt; with the rest it stays within P13's 30 s. */
const stopDeadline_ms = 20_500;

/**
 * Starts everything, in the order in which it is needed. What was started is put on `opened`, whose disposal stops it in
 * reverse; that holds for a start that fails halfway as well. `report` is told of each step.
 */
export async function startInstallation(
  opened: AsyncDisposableStack,
  options: InstallationOptions,
  report: (step: string) => void,
): Promise<Installation> {
  const { folder } = options;
  const logFolder = join(folder, 'logs');
  const temporaryFolder = join(folder, 'tmp');
  await rm(temporaryFolder, { recursive: true, force: true });
  for (const made of [logFolder, temporaryFolder])
    await mkdir(made, { recursive: true, mode: 0o700 });

  const supervise = options.sayRestarts ? startingAgain(options.sayRestarts) : startingOnce;
  const ended: Promise<{ child: Child; how: string }>[] = [];
  const watch = (child: Child) => {
    ended.push(child.ended.then((how) => ({ child, how })));
  };
  const hold = (child: Child) => {
    opened.defer(() => child.stop());
    watch(child);
  };
  report('Postgres');
  const postgres = await startPostgres(
    supervise,
    options.keepsData ? { dataDirectory: join(folder, 'postgres'), portFolder: folder } : null,
  );
  hold(postgres.child);
  await migrate(postgres.url);
  const databaseUrlFile = join(folder, 'database-url');
  await rm(databaseUrlFile, { force: true });
  await writeFile(databaseUrlFile, `${postgres.url}\n`, { mode: 0o600 });
  const database = openDatabase({
    url: postgres.url,
    maxConnections: 4,
    applicationName: 'rollcall local',
    onIdleError: () => undefined,
  });
  opened.defer(() => database.close());
  // Before anything else is started that would end for it.
  const suppressionSecrets = await suppressionSecret(database, folder);
  if (options.redis) report('Redis');
  const redis = options.redis ? await startKeptRedis(supervise, join(folder, 'redis')) : null;
  if (redis) hold(redis.child);

  const base = { TMPDIR: temporaryFolder };
  if ('simulated' in options.providers) report('simulator');
  const { accountsFile, keys, simulator } = await openProviders(options, supervise, {
    environment: base,
    logFolder,
  });
  if (simulator) hold(simulator.child);

  const settings = {
    ...base,
    DATABASE_URL: postgres.url,
    REDIS_URL: redis?.url,
    ROLLCALL_ACCOUNTS_FILE: accountsFile,
    ROLLCALL_STOP_DEADLINE_MS: String(stopDeadline_ms),
    ROLLCALL_SUPPRESSION_SECRETS: suppressionSecrets,
  };
  report('API and worker');
  const worker = supervise(async (stopped) => {
    const { child } = await startChild(
      {
        name: 'worker',
        program: 'apps/worker/main.ts',
        environment: keys === null ? childEnvironment(settings) : { ...settings, ...keys },
        logFolder,
        stopped,
      },
      (line) => (fieldsOf(line)['event'] === 'worker.started' ? true : undefined),
    );
    return child;
  }, orderlyEnds);
  // Told to people once, and so the same after another start.
  let apiPort = options.port;
  const api = supervise(async (stopped) => {
    const { child, ready } = await startChild(
      {
        name: 'api',
        program: 'apps/api/main.ts',
        // No keys: it speaks to no provider.
        environment: {
          ...settings,
          ROLLCALL_HOST: options.host,
          ROLLCALL_PORT: String(apiPort),
        },
        logFolder,
        stopped,
      },
      portOf,
    );
    apiPort = ready;
    return child;
  }, orderlyEnds);
  const programs = await Promise.allSettled([api, worker]);
  const running = programs.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  for (const child of running) watch(child);
  // Side by side: each takes its time to finish what it holds.
  opened.defer(async () => {
    await Promise.all(running.map((child) => child.stop()));
  });
  const failed = programs.find((each) => each.status === 'rejected');
  if (failed) throw failed.reason;

  const tenantId = 1;
  const { id, key } = await createApiKey(database, {
    tenantId,
    name: options.keyName,
    scopes: ['admin'],
  });
  await revokeEarlierApiKeys(database, { tenantId, id }, options.keyName);
  return {
    apiUrl: urlOf(options.host, apiPort),
    apiKey: key,
    databaseUrl: await openToReaders(database, postgres.url, folder),
    databaseUrlFile,
    database,
    queue: redis?.version ?? 'postgres',
    simulator,
    children: simulator === null ? running : [...running, simulator.child],
    lost: Promise.race(ended),
  };
}

async function openProviders(
  { folder, providers }: InstallationOptions,
  supervise: Supervise,
  child: { readonly environment: Record<string, string>; readonly logFolder: string },
): Promise<{
  readonly accountsFile: string;
  /** Null: those of our own environment. */
  readonly keys: Readonly<Record<string, string>> | null;
  readonly simulator: Simulator | null;
}> {
  if ('accountsFile' in providers) {
    return { accountsFile: providers.accountsFile, keys: null, simulator: null };
  }
  const simulator = await startSimulator(supervise, providers.simulated, child);
  const accounts = await simulatedAccounts({
    url: simulator.url,
    resultUrl: simulator.resultUrl,
    ...(providers.simulated.chunkSize !== undefined && {
      chunkSize: providers.simulated.chunkSize,
    }),
  });
  const accountsFile = join(folder, 'simulated-accounts.yaml');
  const place = { ...simulator, dataFolder: providers.simulated.dataFolder ?? null };
  await writeFile(accountsFile, simulatedAccountsFile(accounts, place, folder), { mode: 0o600 });
  return { accountsFile, keys: accounts.keys, simulator };
}

function portOf(line: string): number | undefined {
  const { event, port } = fieldsOf(line);
  return event === 'http.listening' && typeof port === 'number' ? port : undefined;
}

/** An address that a browser on this machine can open; `0.0.0.0` and `::` are places to listen, not to go to. */
function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
