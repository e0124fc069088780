import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, openDatabase } from '@rollcall/db';
import {
  type FaultyWire,
  openFaultyWire,
  startSimulator,
  type TestSimulator,
} from '@rollcall/testing';
import type { StormProgram } from './build-programs.ts';
import { chooseCrashPoint } from './choose-crash-point.ts';
import type { Lane } from './lane.ts';
import { patient } from './patient.ts';
import type { Schedule } from './schedule.ts';
import { stormAccounts } from './storm-accounts.ts';
import type { Leases } from './storm-leases.ts';
import type { StormPostgres } from './storm-postgres.ts';
import type { StormRedis } from './storm-redis.ts';
import type { Happening } from './timeline.ts';
import { openWorkerSlot, type WorkerSlot } from './worker-slot.ts';

/** What an episode plays with: a fresh database, a simulator, workers, and a line that can fail between each of them. */
export interface Scene {
  readonly db: Database;
  readonly postgres: StormPostgres;
  /** Null: the doorbells are in Postgres. */
  readonly redis: { readonly server: StormRedis; readonly wire: FaultyWire } | null;
  readonly simulator: TestSimulator;
  readonly slots: readonly WorkerSlot[];
  /** The line of each worker to Postgres. */
  readonly databaseWires: readonly FaultyWire[];
  readonly providerWire: FaultyWire;
  /** The line to the result files, which are on another port. */
  readonly resultWire: FaultyWire;
  /** The TMPDIR of the workers. */
  readonly temporary: string;
  /** What was told, for timelines. */
  readonly happenings: readonly Happening[];
  tell(what: string): void;
}

export interface SceneSettings {
  readonly schedule: Schedule;
  readonly leases: Leases;
  /** The worker to run. */
  readonly program: StormProgram;
  /** SQL to run on the fresh database before anybody starts. */
  readonly prepare?: string;
  readonly say: (line: string) => void;
}

/** Opens everything, on `opened`, whose disposal closes it in reverse. The workers are starting when it returns. */
export async function openScene(
  opened: AsyncDisposableStack,
  lane: Lane,
  { schedule, leases, program, prepare, say }: SceneSettings,
): Promise<Scene> {
  const folder = await mkdtemp(join(lane.folder, 'run-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const temporary = join(folder, 'tmp');
  await mkdir(temporary);
  const name = `run_${schedule.run}`;
  const databaseUrl = await lane.postgres.createDatabase(name);
  opened.defer(() => patient(() => lane.postgres.dropDatabase(name)));
  const db: Database = openDatabase({
    url: databaseUrl,
    maxConnections: 4,
    applicationName: 'rollcall storm',
    onIdleError: () => undefined,
  });
  opened.defer(() => db.close());
  if (prepare !== undefined) await patient(() => db.query(prepare));
  const simulator = await startSimulator({ processingMsBase: 100, resultUrlExpiresSeconds: 3_600 });
  opened.defer(() => simulator.stop());
  const providerWire = await openFaultyWire(simulator.url);
  opened.defer(() => providerWire.close());
  const resultWire = await openFaultyWire(simulator.resultUrl);
  opened.defer(() => resultWire.close());
  await simulator.control('PATCH', 'settings', { result_origin: new URL(resultWire.url).origin });
  const server = schedule.backend === 'redis' ? await lane.redis() : null;
  const redis = server === null ? null : { server, wire: await openFaultyWire(server.url) };
  if (redis !== null) opened.defer(() => redis.wire.close());

  const accounts = await stormAccounts({
    url: providerWire.url,
    resultUrl: resultWire.url,
    // Where workers do little but die, a task waits for its poll until one of them lives long enough.
    patience_s: schedule.crashes === null ? 20 : 300,
  });
  const accountsFile = join(folder, 'accounts.yaml');
  await writeFile(accountsFile, accounts.text);
  const happenings: Happening[] = [];
  const tell = (what: string) => {
    happenings.push({ at: new Date(), what });
    say(what);
  };
  const databaseWires = await Promise.all(
    schedule.lives.map((_, index) =>
      openFaultyWire(lane.postgres.urlAs(databaseUrl, `storm_${index + 1}`)),
    ),
  );
  for (const wire of databaseWires) opened.defer(() => wire.close());
  const slots: WorkerSlot[] = schedule.lives.map((lives, index) =>
    openWorkerSlot({
      role: `storm_${index + 1}`,
      program: lane.programs[program],
      lives,
      choose: (life) => chooseCrashPoint(db, life),
      environment: (crashAt) => ({
        TMPDIR: temporary,
        NODE_COMPILE_CACHE: lane.programs.compileCache,
        DATABASE_URL: databaseWires[index]?.url,
        REDIS_URL: redis?.wire.url,
        ROLLCALL_QUEUE_PREFIX: `storm-${name.replace('_', '-')}`,
        ROLLCALL_ACCOUNTS_FILE: accountsFile,
        ROLLCALL_LEASE_MS: String(leases.lease_ms),
        ROLLCALL_HEARTBEAT_MS: String(leases.heartbeat_ms),
        ROLLCALL_RESCUE_INTERVAL_MS: String(leases.rescue_ms),
        ROLLCALL_STOP_DEADLINE_MS: '5000',
        ...(crashAt !== null && { ROLLCALL_CRASH_AT: crashAt }),
        ...accounts.keys,
      }),
      onLine: (line) => {
        if (!line.startsWith('{') || line.includes('"job.audit_failed"')) {
          tell(`storm_${index + 1} says: ${line}`);
        }
      },
      lifeLimit_ms: schedule.lifeLimit_ms,
      onDeath: (how, crashAt) =>
        tell(
          `storm_${index + 1} ended by ${how}${crashAt === null ? '' : `, armed for ${crashAt}`}`,
        ),
    }),
  );
  opened.defer(async () => {
    await Promise.all(slots.map((slot) => slot.stop(100)));
  });
  return {
    db,
    postgres: lane.postgres,
    redis,
    simulator,
    slots,
    databaseWires,
    providerWire,
    resultWire,
    temporary,
    happenings,
    tell,
  };
}
