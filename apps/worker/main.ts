import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { checkLease, readAccounts, readEnvironment } from '@rollcall/config';
import { armCrashPoint, crashPoint } from '@rollcall/crash-points';
import {
  askPostgres,
  checkDurability,
  checkRole,
  checkSuppressionSecrets,
  openDatabase,
  suppressionCheck,
  syncAccounts,
} from '@rollcall/db';
import type { Account } from '@rollcall/domain';
import { numberDigests } from '@rollcall/privacy';
import { createProvider, type Provider } from '@rollcall/providers';
import { openQueues, type QueueEvent } from '@rollcall/queue';
import { openResultReaders, prepareResultReaders } from '@rollcall/results';
import {
  createLogger,
  describeError,
  endOnCrash,
  type Logger,
  noMetrics,
  openMetrics,
  openTracing,
} from '@rollcall/telemetry';
import type { Equipment } from './equipment.ts';
import { openMetricsServer } from './metrics-server.ts';
import { observeRequest } from './observed.ts';
import { run } from './run.ts';
import { startWatchdog } from './watchdog.ts';

/**
 * Exit codes: 0 stopped in order, 1 failed or its stop cut short, 75 (EX_TEMPFAIL) alive and processing nothing, to be started again,
 * 78 (EX_CONFIG) the configuration cannot be used.
 */
const exitStuck = 75;
const exitConfiguration = 78;
/** What comes after the longest download: parsing, and storing a million rows on a busy machine. */
const ingestAfterDownload_ms = 300_000;

const { values: flags } = parseArgs({
  options: {
    /** Ends when standard input does, so that it cannot outlive a parent that was killed. */
    'until-stdin-ends': { type: 'boolean', default: false },
    /** Which stages to run, e.g. `submit,poll`; before ROLLCALL_STAGES. */
    stages: { type: 'string' },
  },
});

async function main(): Promise<void> {
  const environment = readEnvironment(undefined, { stages: flags.stages });
  if (!environment.ok) return refuse(environment.problems);
  const { config } = environment;
  armCrashPoint(config.crashAt);
  const file = await readFile(config.accountsFile, 'utf8').catch(() => null);
  if (file === null)
    return refuse([`ROLLCALL_ACCOUNTS_FILE: ${config.accountsFile} cannot be read`]);
  const read = readAccounts(file, undefined, { withKeys: true });
  if (!read.ok) return refuse(read.problems);
  const { accounts } = read;
  const unfit = checkLease(config.lease_ms, accounts.accounts.values());
  if (unfit.length > 0) return refuse(unfit);

  const metrics =
    config.metrics === null ? noMetrics : await openMetrics('worker', { ofProcess: true });
  const tracing = await openTracing(config.tracesEndpoint, 'rollcall-worker');
  const log = createLogger({
    name: 'worker',
    level: config.logLevel,
    onEvent: (event) => metrics.count('rollcall_events_total', { event }),
    traceId: () => tracing.traceId(),
  });
  endOnCrash(log);
  if (config.crashAt) log.warn('process.armed', { reason: config.crashAt.point });
  const db = openDatabase({
    url: config.databaseUrl,
    role: 'rollcall_worker',
    maxConnections: config.databaseConnections,
    applicationName: 'rollcall worker',
    onIdleError: (error) => log.warn('database.error', describeError(error)),
  });
  const walls = await checkRole(db, 'rollcall_worker');
  const refused = walls.length > 0 ? walls : await checkDurability(db);
  if (refused.length > 0) {
    await db.close();
    return refuse(refused);
  }
  const digests = numberDigests(config.suppressionSecrets);
  const unknown = await checkSuppressionSecrets(db, digests);
  if (unknown.length > 0) {
    await db.close();
    return refuse(unknown);
  }
  const synced = await syncAccounts(db, [...accounts.accounts.values()]);
  if (!synced.ok) {
    await db.close();
    return refuse(synced.problems);
  }
  const queues = await openQueues({
    databaseUrl: config.databaseUrl,
    databaseRole: 'rollcall_queue',
    redisUrl: config.redisUrl ?? undefined,
    prefix: config.queuePrefix,
    accounts: [...accounts.accounts.keys()],
    onError: (event) => logQueueEvent(log, event),
  });
  const providers = new Map<string, Provider>();
  const stopping = new AbortController();
  const equipment: Equipment = {
    db,
    log,
    metrics,
    tracing,
    accounts,
    digests,
    suppressions: suppressionCheck(digests),
    providerOf(account: Account) {
      const known = providers.get(account.id);
      if (known) return known;
      const made = createProvider(account, accounts.keyOf(account.id), {
        onRequest: observeRequest(metrics, tracing, log),
      });
      providers.set(account.id, made);
      return made;
    },
    readers: openResultReaders(),
    async ring(doorbells) {
      if (doorbells.length === 0) return;
      const { rung, failed } = await queues.ring(doorbells);
      crashPoint('ring:after');
      metrics.count('rollcall_doorbells_total', { result: 'rung' }, rung);
      metrics.count('rollcall_doorbells_total', { result: 'failed' }, failed);
    },
    stopping: stopping.signal,
    times: config,
    retention: config.retention_months,
  };
  const answering =
    config.metrics === null
      ? null
      : await openMetricsServer(config.metrics, metrics, async () => {
          const [postgres, queue] = await Promise.all([askPostgres(db), queues.healthy()]);
          return { postgres, queue: { ...queue, backend: queues.backend } };
        });
  if (answering !== null) log.info('http.listening', { port: answering.port });
  metrics.replace(
    'rollcall_worker_serves',
    config.stages.map((stage) => ({ labels: { stage }, value: 1 })),
  );
  const running = run(equipment, queues, config.stages, config.pruneInterval_ms);
  log.info('worker.started', { backend: queues.backend, stage: config.stages.join(',') });
  if (config.stages.includes('ingest'))
    prepareResultReaders().catch((error: unknown) =>
      log.warn('readers.not_prepared', describeError(error)),
    );

  const stop = async (exitCode = 0) => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    log.info('worker.stopping');
    // Whatever hangs, the process ends: P13.
    setTimeout(() => process.exit(exitCode || 1), config.stopDeadline_ms + 4_500).unref();
    const { finished } = await running.stop(config.stopDeadline_ms);
    await equipment.readers.close();
    await Promise.all([...providers.values()].map((provider) => provider.close()));
    await queues.close();
    await Promise.race([Promise.all([db.close(), tracing.close()]), delay(1_000)]);
    // To the end, so that whoever looks does not take a stop for a crash.
    await answering?.close();
    if (finished) log.info('worker.stopped');
    else log.warn('worker.stopped', { reason: 'cut_short' });
    process.exit(exitCode || (finished ? 0 : 1));
  };
  startWatchdog({
    databaseUrl: config.databaseUrl,
    queues,
    watched: running.watched,
    accounts: new Set(accounts.accounts.keys()),
    sweptAt_ms: running.sweptAt_ms,
    atWorkMax_ms:
      Math.max(0, ...[...accounts.accounts.values()].map((each) => each.download_deadline_ms)) +
      ingestAfterDownload_ms,
    patience_ms: config.watchdog_ms,
    stopping: stopping.signal,
    onStuck(stuck) {
      const where =
        stuck.reason === 'hears_nothing'
          ? { stage: stuck.queue.stage, queue: stuck.queue.queue }
          : {};
      log.error('worker.stuck', { reason: stuck.reason, wait_ms: config.watchdog_ms, ...where });
      void stop(exitStuck);
    },
  });
  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  if (flags['until-stdin-ends']) process.stdin.resume().once('end', () => void stop());
}

function refuse(problems: readonly string[]): void {
  process.stderr.write(
    `The worker cannot start:\n${problems.map((problem) => `  ${problem}\n`).join('')}`,
  );
  process.exitCode = exitConfiguration;
}

function logQueueEvent(log: Logger, event: QueueEvent): void {
  switch (event.kind) {
    case 'backend':
      return log.warn('queue.error', {
        queue: event.queue ?? undefined,
        ...describeError(event.error),
      });
    case 'refused':
      return log.error('queue.refused', describeError(event.error));
    case 'ring':
      return log.warn('queue.error', {
        queue: event.queue ?? undefined,
        counts: { failed: event.failed },
        ...describeError(event.error),
      });
    case 'handler':
      return log.error('stage.failed', {
        queue: event.queue,
        stage: event.doorbell.stage,
        ...describeError(event.error),
      });
    case 'unreadable':
      return log.warn('queue.error', { queue: event.queue, reason: 'unreadable_doorbell' });
    case 'stalled':
      return log.warn('queue.stalled', { queue: event.queue });
    case 'abandoned':
      return log.warn('queue.abandoned', {
        queue: event.queue,
        counts: { running: event.running },
      });
  }
}

try {
  await main();
} catch (error) {
  // Postgres away, Redis that evicts: said in one line, without a value that could hold a key.
  const { error_code, error_message } = describeError(error);
  process.stderr.write(`The worker cannot start: ${error_message} (${error_code})\n`);
  process.exit(1);
}
