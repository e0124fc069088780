import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Configuration, readAccounts, readEnvironment } from '@rollcall/config';
import { armCrashPoint } from '@rollcall/crash-points';
import {
  askPostgres,
  checkDurability,
  checkRole,
  checkSuppressionSecrets,
  openDatabase,
} from '@rollcall/db';
import { numberDigests } from '@rollcall/privacy';
import { openQueues } from '@rollcall/queue';
import {
  createLogger,
  describeError,
  endOnCrash,
  type Logger,
  type Metrics,
  openMetrics,
  openTracing,
  type Tracing,
} from '@rollcall/telemetry';
import { buildApp } from './app.ts';
import { countRings } from './count-rings.ts';
import { firstLook } from './first-look.ts';
import { logQueueEvent } from './log-queue-event.ts';
import { stopServer } from './stop-server.ts';

/** Exit codes: 0 stopped in order, 1 failed, 78 (EX_CONFIG) the configuration cannot be used. */
const exitConfiguration = 78;
/** What is left of the stop's deadline for closing the queues (at most 6 s) and the database (1 s). */
const closing_ms = 8_000;

const { values: flags } = parseArgs({
  options: {
    /** Ends when standard input does, so that it cannot outlive a parent that was killed. */
    'until-stdin-ends': { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  const environment = readEnvironment();
  if (!environment.ok) {
    return refuse(createLogger({ name: 'api', level: 'info' }), environment.problems);
  }
  const { config } = environment;
  armCrashPoint(config.crashAt);
  const metrics = await openMetrics('api', { ofProcess: true });
  const tracing = await openTracing(config.tracesEndpoint, 'rollcall-api');
  const log = createLogger({
    name: 'api',
    level: config.logLevel,
    onEvent: (event) => metrics.count('rollcall_events_total', { event }),
    traceId: () => tracing.traceId(),
  });
  endOnCrash(log);
  if (config.crashAt) log.warn('process.armed', { reason: config.crashAt.point });
  const file = await readFile(config.accountsFile, 'utf8').catch(() => null);
  if (file === null) {
    return refuse(log, [`ROLLCALL_ACCOUNTS_FILE: ${config.accountsFile} cannot be read`]);
  }
  const read = readAccounts(file, {}, { withKeys: false });
  if (!read.ok) return refuse(log, read.problems);
  try {
    await serve(config, read.accounts, { log, metrics, tracing });
  } catch (error) {
    log.error('process.failed', describeError(error));
    process.exit(1);
  }
}

interface Telemetry {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
}

async function serve(
  config: Configuration,
  accounts: Parameters<typeof buildApp>[0]['accounts'],
  { log, metrics, tracing }: Telemetry,
): Promise<void> {
  const database = openDatabase({
    url: config.databaseUrl,
    role: 'rollcall_api',
    maxConnections: config.databaseConnections,
    applicationName: 'rollcall api',
    onIdleError: (error) => log.warn('database.error', describeError(error)),
  });
  const digests = numberDigests(config.suppressionSecrets);
  let isStarted = false;
  const isDatabaseFine = firstLook(
    async () => {
      const walls = await checkRole(database, 'rollcall_api');
      if (walls.length > 0) return walls;
      return [
        ...(await checkDurability(database)),
        ...(await checkSuppressionSecrets(database, digests)),
      ];
    },
    (problems) => {
      refuse(log, problems);
      // Postgres was away when the process started, and came back as one that must not be worked with.
      if (isStarted) process.exit(exitConfiguration);
    },
  );
  try {
    if (!(await isDatabaseFine())) return await database.close();
  } catch (error) {
    // Away, it is asked again by whoever comes first, and until it has answered nobody is let in.
    if ((await askPostgres(database)).ok) throw error;
  }
  isStarted = true;
  const queues = await openQueues({
    databaseUrl: config.databaseUrl,
    databaseRole: 'rollcall_queue',
    redisUrl: config.redisUrl ?? undefined,
    prefix: config.queuePrefix,
    accounts: [...accounts.accounts.keys()],
    onError: (event) => logQueueEvent(log, event),
  });
  log.info('queue.opened', { backend: queues.backend });
  const app = await buildApp({
    database,
    isDatabaseFine,
    queues: countRings(queues, metrics),
    accounts,
    digests,
    log,
    metrics,
    tracing,
    limits: {
      intake: config.intake,
      keptMonths: config.retention_months.rows,
      requestsPerMinute: config.requestsPerMinute,
      requestTimeout_ms: config.uploads.timeout_ms,
      connectionTimeout_ms: config.uploads.silence_ms,
      uploads: config.uploads,
      slowBodies: {
        bodyTimeout_ms: Math.min(30_000, config.uploads.timeout_ms),
        uploadBytesPerSecondMin: config.uploads.bytesPerSecondMin,
        slowAfter_ms: config.uploads.slowAfter_ms,
      },
      // Readers, health checks and the keys of new requests need connections too.
      storesAtOnceMax: Math.max(1, Math.floor(config.databaseConnections / 2)),
      exportsAtOnceMax: 4,
      // 10 M rows over 1 Mbit/s.
      exportTimeout_ms: 7_200_000,
      events: {
        listenersMax: 500,
        pollEvery_ms: 1_000,
        heartbeatEvery_ms: 15_000,
        lifeMax_ms: 3_600_000,
      },
    },
  });

  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    // Whatever hangs, the process ends: P13.
    setTimeout(() => process.exit(1), config.stopDeadline_ms + 4_500).unref();
    await stopServer(app, Math.max(0, config.stopDeadline_ms - closing_ms));
    await queues.close();
    await Promise.race([Promise.all([database.close(), tracing.close()]), delay(1_000)]);
    log.info('api.stopped');
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  if (flags['until-stdin-ends']) process.stdin.resume().once('end', () => void stop());

  await app.listen({ host: config.host, port: config.port });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  log.info('http.listening', { port, backend: queues.backend });
  log.info('api.started');
}

function refuse(log: Logger, problems: readonly string[]): void {
  for (const problem of problems) log.error('config.refused', { error_message: problem });
  process.exitCode = exitConfiguration;
}

await main();
