import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FaultyWire, openFaultyWire } from '@rollcall/testing';
import type { StormProgram } from './build-programs.ts';
import type { Lane } from './lane.ts';
import { type Ground, openGround } from './open-ground.ts';
import { patient } from './patient.ts';
import type { Schedule } from '../faults/schedule.ts';
import { type StormAccounts, stormAccounts } from './storm-accounts.ts';
import type { Leases } from './storm-leases.ts';
import type { StormPostgres } from './storm-postgres.ts';
import type { StormRedis } from './storm-redis.ts';
import { stormSecretsText } from './storm-digests.ts';
import { openWorkerSlot, type WorkerSlot } from './worker-slot.ts';

/** What a storm plays with: its ground, workers, and a line that can fail between each of them. */
export interface Scene extends Ground {
  readonly postgres: StormPostgres;
  /** Null: the doorbells are in Postgres. */
  readonly redis: { readonly server: StormRedis; readonly wire: FaultyWire } | null;
  readonly accounts: StormAccounts['accounts'];
  readonly slots: readonly WorkerSlot[];
  /** The line of each worker to Postgres. */
  readonly databaseWires: readonly FaultyWire[];
  readonly providerWire: FaultyWire;
  /** The line to the result files, which are on another port. */
  readonly resultWire: FaultyWire;
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
  const ground = await openGround(opened, lane, { run: schedule.run, say });
  const { db, databaseUrl, simulator, folder, temporary, tell } = ground;
  if (prepare !== undefined) await patient(() => db.query(prepare));
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
    uploadDeadline_ms: 1_500,
    // With the leases of production a task waits for its poll until a dead worker's is over.
    patience_s: schedule.crashes === null ? 20 : 300,
  });
  const accountsFile = join(folder, 'accounts.yaml');
  await writeFile(accountsFile, accounts.text);
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
      environment: (crashAt) => ({
        TMPDIR: temporary,
        NODE_COMPILE_CACHE: lane.programs.compileCache,
        DATABASE_URL: databaseWires[index]?.url,
        REDIS_URL: redis?.wire.url,
        ROLLCALL_QUEUE_PREFIX: `storm-run-${schedule.run}`,
        ROLLCALL_ACCOUNTS_FILE: accountsFile,
        ROLLCALL_SUPPRESSION_SECRETS: stormSecretsText,
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
    ...ground,
    postgres: lane.postgres,
    redis,
    accounts: accounts.accounts,
    slots,
    databaseWires,
    providerWire,
    resultWire,
  };
}
