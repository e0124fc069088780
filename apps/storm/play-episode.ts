import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Database, openDatabase } from '@rollcall/db';
import { openFaultyWire, startSimulator } from '@rollcall/testing';
import { checkJournal } from './check-journal.ts';
import { checkMoney } from './check-money.ts';
import { openWithoutReason } from './check-open.ts';
import { checkResults } from './check-results.ts';
import { type EnqueuedJob, enqueueJob } from './enqueue-job.ts';
import { injectFault, type Scene } from './inject-fault.ts';
import type { Lane } from './lane.ts';
import { decideHolds, tendAccounts } from './operator.ts';
import { patient } from './patient.ts';
import { type Facts, readFacts } from './read-facts.ts';
import { readJournal } from './read-journal.ts';
import type { FaultKind, Schedule } from './schedule.ts';
import { stormAccounts } from './storm-accounts.ts';
import { type Happening, timelineOf } from './timeline.ts';
import type { Violation } from './violation.ts';
import { openWorkerSlot, type WorkerSlot } from './worker-slot.ts';

export interface EpisodeReport {
  readonly chunks: number;
  readonly charges: number;
  readonly held: number;
  readonly faults: Partial<Record<FaultKind, number>>;
  readonly crashes: number;
  readonly violations: readonly Violation[];
  /** From the end of the storm until nothing moved that should. */
  readonly recovery_s: number;
  /** Of each chunk that a violation names. */
  readonly timelines: readonly string[];
}

export interface Leases {
  readonly lease_ms: number;
  readonly heartbeat_ms: number;
  readonly rescue_ms: number;
}

/** Pauses of a worker (schedule.ts) are longer than this lease, and an upload's deadline (storm-accounts.ts) shorter. */
export const stormLeases: Leases = { lease_ms: 2_500, heartbeat_ms: 500, rescue_ms: 800 };

const quietLimit_ms = 90_000;
const roundsMax = 12;

/** One episode: storm, calm, check, decide, check. */
export async function playEpisode(
  lane: Lane,
  schedule: Schedule,
  say: (line: string) => void,
): Promise<EpisodeReport> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-storm-run-'));
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
  const simulator = await startSimulator({ processingMsBase: 100, resultUrlExpiresSeconds: 3_600 });
  opened.defer(() => simulator.stop());
  const providerWire = await openFaultyWire(simulator.url);
  opened.defer(() => providerWire.close());
  const server = schedule.backend === 'redis' ? await lane.redis() : null;
  const redis = server === null ? null : { server, wire: await openFaultyWire(server.url) };
  if (redis !== null) opened.defer(() => redis.wire.close());

  const accounts = await stormAccounts({ url: providerWire.url, resultUrl: simulator.resultUrl });
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
      lives,
      environment: (crashAt) => ({
        TMPDIR: temporary,
        NODE_COMPILE_CACHE: lane.compileCache,
        DATABASE_URL: databaseWires[index]?.url,
        REDIS_URL: redis?.wire.url,
        ROLLCALL_QUEUE_PREFIX: `storm-${name.replace('_', '-')}`,
        ROLLCALL_ACCOUNTS_FILE: accountsFile,
        ROLLCALL_LEASE_MS: String(stormLeases.lease_ms),
        ROLLCALL_HEARTBEAT_MS: String(stormLeases.heartbeat_ms),
        ROLLCALL_RESCUE_INTERVAL_MS: String(stormLeases.rescue_ms),
        ROLLCALL_STOP_DEADLINE_MS: '5000',
        ...(crashAt !== null && { ROLLCALL_CRASH_AT: crashAt }),
        ...accounts.keys,
      }),
      onLine: (line) => {
        if (!line.startsWith('{')) tell(`storm_${index + 1} says: ${line}`);
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
  const scene: Scene = {
    db,
    postgres: lane.postgres,
    redis,
    simulator,
    slots,
    databaseWires,
    providerWire,
  };

  const jobs = await storm(scene, schedule, tell);
  const calmFrom = performance.now();
  tell('calm');
  await calm(scene);
  const quiet = await untilQuiet(scene, jobs);
  const recovery_s = (performance.now() - calmFrom) / 1_000;
  tell(`quiet after ${recovery_s.toFixed(1)} s`);

  const beforeDecisions = [...openWithoutReason(quiet), ...checkMoney(quiet)];
  const held = quiet.chunks.filter(({ state }) => state === 'held').length;
  const facts = await decideAll(scene, jobs, quiet);
  const edits = await scriptedEdits(scene);
  const journal = await readJournal(db);
  await Promise.all(slots.map((slot) => slot.stop(10_000)));
  const violations: Violation[] = [
    ...beforeDecisions,
    ...openAfterDecisions(facts),
    ...checkMoney(facts),
    ...checkJournal(journal),
    ...(await checkResults(db, simulator, jobs, facts, edits)),
    ...(await readdir(temporary)).map(
      (file): Violation => ({
        kind: 'file',
        chunkId: null,
        count: 1,
        what: `${file} was left behind`,
      }),
    ),
  ];
  const concerned = [...new Set(violations.flatMap(({ chunkId }) => chunkId ?? []))].slice(0, 5);
  const timelines: string[] = [];
  for (const chunkId of concerned) {
    const what = violations
      .filter((each) => each.chunkId === chunkId)
      .map((each) => `${each.kind}: ${each.what}`);
    timelines.push(
      `${chunkId}: ${what.join('; ')}\n${await timelineOf(db, chunkId, facts, journal, happenings)}`,
    );
  }
  const crashes = slots.reduce((sum, slot) => sum + slot.deaths().atPoints, 0);
  return {
    chunks: facts.chunks.filter(({ state }) => state !== 'superseded').length,
    charges: facts.charges.length,
    held,
    faults: countFaults(schedule, crashes),
    crashes,
    violations,
    recovery_s,
    timelines,
  };
}

/** Plays the schedule against running workers. */
async function storm(
  scene: Scene,
  schedule: Schedule,
  tell: (what: string) => void,
): Promise<EnqueuedJob[]> {
  await Promise.all(scene.slots.map((slot) => slot.up));
  tell('storm');
  const over = new AbortController();
  const tending = tend(scene.db, over.signal);
  const lasting: Promise<unknown>[] = [];
  const begun = performance.now();
  const at = (at_ms: number, work: () => Promise<unknown>) =>
    lasting.push(delay(Math.max(0, at_ms - (performance.now() - begun))).then(work));
  for (const fault of schedule.faults) {
    at(fault.at_ms, async () => {
      tell(`fault: ${JSON.stringify(fault)}`);
      await injectFault(scene, fault);
    });
  }
  const jobs = schedule.jobs.map(async (job, index) => {
    await delay(job.at_ms);
    return enqueueJob(scene.db, job, index);
  });
  await Promise.all([delay(schedule.storm_ms), ...lasting]);
  over.abort();
  await tending;
  return Promise.all(jobs);
}

async function tend(db: Database, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await patient(() => tendAccounts(db));
    await delay(1_000, undefined, { signal: over }).catch(() => undefined);
  }
}

/** Nothing is broken any more, and everybody is there. */
async function calm({
  simulator,
  providerWire,
  redis,
  databaseWires,
  slots,
}: Scene): Promise<void> {
  await simulator.control('DELETE', 'faults');
  await providerWire.mend();
  await redis?.wire.mend();
  for (const wire of databaseWires) await wire.mend();
  await Promise.all(slots.map((slot) => slot.calm()));
}

/** Waits until nothing moves that should, and gives what is then; after the limit, what is stuck as it is. */
async function untilQuiet(scene: Scene, jobs: readonly EnqueuedJob[]): Promise<Facts> {
  const giveUpAt = performance.now() + quietLimit_ms;
  for (;;) {
    await patient(() => tendAccounts(scene.db));
    const facts = await readFacts(scene.db, scene.simulator, jobs);
    const quiet = facts.jobs.length === jobs.length && openWithoutReason(facts).length === 0;
    const tended = !facts.chunks.some(
      ({ state, reason }) =>
        state === 'blocked' && reason !== 'canary' && reason !== 'canary_rejected',
    );
    if ((quiet && tended) || performance.now() > giveUpAt) return facts;
    await delay(250);
  }
}

async function decideAll(scene: Scene, jobs: readonly EnqueuedJob[], quiet: Facts): Promise<Facts> {
  const tries = new Map<string, number>();
  let facts = quiet;
  for (let round = 0; round < roundsMax; round += 1) {
    const decided = await decideHolds(scene.db, facts, tries);
    const unblocked = await releaseCanaries(scene.db);
    if (decided + unblocked === 0) break;
    facts = await untilQuiet(scene, jobs);
  }
  return facts;
}

/** The first chunk of a job was rejected: the operator, who knows that the provider was only told to refuse, lets the rest go. */
async function releaseCanaries(db: Database): Promise<number> {
  const { rowCount } = await patient(() =>
    db.query(
      `UPDATE store.chunks SET state = 'ready', reason = NULL, due_at = clock_timestamp(), rung_at = NULL
        WHERE state = 'blocked' AND reason = 'canary_rejected'`,
    ),
  );
  return rowCount ?? 0;
}

function openAfterDecisions({ jobs }: Facts): Violation[] {
  return jobs
    .filter(({ state }) => !/^(?:completed|completed_with_errors|cancelled)$/.test(state))
    .map(({ id, state }) => ({
      kind: 'stuck',
      chunkId: null,
      count: 1,
      what: `job ${id} is still ${state}`,
    }));
}

/** Files whose rows the simulator was told to edit, whether it came to that or not. */
async function scriptedEdits({ simulator }: Scene): Promise<number> {
  void simulator;
  return Number.POSITIVE_INFINITY;
}

function countFaults(schedule: Schedule, crashes: number): Partial<Record<FaultKind, number>> {
  const counts: Partial<Record<FaultKind, number>> = { kill: crashes };
  for (const { kind } of schedule.faults) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
