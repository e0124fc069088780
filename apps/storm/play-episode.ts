import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@rollcall/db';
import { checkJournal } from './check-journal.ts';
import { checkLeases } from './check-leases.ts';
import { checkMoney } from './check-money.ts';
import { openWithoutReason } from './check-open.ts';
import { checkResults } from './check-results.ts';
import { checkSpending } from './check-spending.ts';
import { type EnqueuedJob, enqueueJob } from './enqueue-job.ts';
import type { Lane } from './lane.ts';
import { openScene, type Scene } from './open-scene.ts';
import { decideHolds, tendAccounts, tendAll } from './operator.ts';
import { patient } from './patient.ts';
import { type Facts, readFacts } from './read-facts.ts';
import { readJournal } from './read-journal.ts';
import { calmDown, runStorm } from './run-storm.ts';
import type { FaultKind, Schedule } from './schedule.ts';
import { strikeLate } from './strike-late.ts';
import { timelineOf } from './timeline.ts';
import { type Leases, stormLeases } from './storm-leases.ts';
import type { Violation } from './violation.ts';

export interface EpisodeReport {
  readonly chunks: number;
  readonly charges: number;
  readonly held: number;
  readonly faults: Partial<Record<FaultKind | 'crash_point', number>>;
  /** The crash point of each death at one. */
  readonly crashes: readonly string[];
  readonly violations: readonly Violation[];
  /** From the end of the storm until nothing moved that should. */
  readonly recovery_s: number;
  /** Of each chunk that a violation names. */
  readonly timelines: readonly string[];
}

/** Longer than anything of Rollcall waits in a storm: the longest back-off of a free refusal. */
const motionless_ms = 60_000;
const quietLimit_ms = 900_000;
const roundsMax = 12;

/** One episode: storm, calm, check, decide, check. */
export async function playEpisode(
  lane: Lane,
  schedule: Schedule,
  leases: Leases,
  say: (line: string) => void,
): Promise<EpisodeReport> {
  await using opened = new AsyncDisposableStack();
  const scene = await openScene(opened, lane, {
    schedule,
    leases,
    program: 'worker',
    say,
  });
  const { db, simulator, slots, tell } = scene;
  const jobs = await runStorm(scene, schedule, {
    enqueue: (job, index) => enqueueJob(db, job, index),
    hasBegun: () => exists(db, 'SELECT FROM store.attempts LIMIT 1'),
    tend: () => tendAccounts(db),
  });
  if (schedule.crashes === null) await strikeLate(scene);
  const calmFrom = performance.now();
  tell('calm');
  const scripted = await calmDown(scene);
  const quiet = await untilQuiet(scene, jobs);
  const recovery_s = (performance.now() - calmFrom) / 1_000;
  tell(`quiet after ${recovery_s.toFixed(1)} s`);

  const beforeDecisions = [...openWithoutReason(quiet), ...checkMoney(quiet)];
  const held = quiet.chunks.filter(({ state }) => state === 'held').length;
  const facts = await decideAll(scene, jobs, quiet);
  const journal = await readJournal(db);
  await Promise.all(slots.map((slot) => slot.stop(10_000)));
  const violations = distinct([
    ...beforeDecisions,
    ...openAfterDecisions(facts),
    ...checkMoney(facts),
    ...checkJournal(journal),
    ...checkSpending(journal, facts.chunks),
    // Short leases are put off by the storm's own outages; the real ones are played without any.
    ...(leases === stormLeases ? [] : checkLeases(journal, leases, tell)),
    ...(await checkResults(db, simulator, jobs, facts, scripted.edits)),
    ...(await readdir(scene.temporary)).map(
      (file): Violation => ({
        kind: 'file',
        chunkId: null,
        count: 1,
        what: `${file} was left behind`,
      }),
    ),
  ]);
  const concerned = [...new Set(violations.flatMap(({ chunkId }) => chunkId ?? []))].slice(0, 5);
  const timelines: string[] = [];
  for (const chunkId of concerned) {
    const what = violations
      .filter((each) => each.chunkId === chunkId)
      .map((each) => `${each.kind}: ${each.what}`);
    timelines.push(
      `${chunkId}: ${what.join('; ')}\n${await timelineOf(db, chunkId, facts, journal, scene.happenings)}`,
    );
  }
  const crashes = slots.flatMap((slot) => slot.deaths().points);
  return {
    chunks: facts.chunks.filter(({ state }) => state !== 'superseded').length,
    charges: facts.charges.length,
    held,
    faults: countFaults(schedule, scripted.fired, crashes.length),
    crashes,
    violations,
    recovery_s,
    timelines,
  };
}

export async function exists(db: Database, text: string): Promise<boolean> {
  const { rowCount } = await patient(() => db.query(text));
  return rowCount !== 0;
}

/**
 * Waits until nothing moves that should, and gives what is then; where something should and for a minute nothing did, it is stuck. Not
 * how long it takes is judged: the machine may be busy.
 */
async function untilQuiet(scene: Scene, jobs: readonly EnqueuedJob[]): Promise<Facts> {
  const giveUpAt = performance.now() + quietLimit_ms;
  let before = '';
  let movedAt = performance.now();
  for (;;) {
    await patient(() => tendAll(scene.db));
    const facts = await readFacts(scene.db, scene.simulator, jobs);
    const quiet = facts.jobs.length === jobs.length && openWithoutReason(facts).length === 0;
    const blocked = facts.chunks.some(
      ({ state, reason }) => state === 'blocked' && reason !== 'canary',
    );
    const now = performance.now();
    const motion = await motionOf(scene.db);
    if (motion !== before) movedAt = now;
    before = motion;
    if (quiet && !blocked) return facts;
    if (now - movedAt > motionless_ms || now > giveUpAt) return facts;
    await delay(250);
  }
}

async function motionOf(db: Database): Promise<string> {
  const { rows } = await patient(() =>
    db.query<{ motion: string }>(
      `SELECT concat_ws('/', (SELECT max(id) FROM storm.journal), (SELECT max(id) FROM store.poll_history), (SELECT max(id) FROM store.evidence)) AS motion`,
    ),
  );
  return rows[0]?.motion ?? '';
}

async function decideAll(scene: Scene, jobs: readonly EnqueuedJob[], quiet: Facts): Promise<Facts> {
  const tries = new Map<string, number>();
  let facts = quiet;
  for (let round = 0; round < roundsMax; round += 1) {
    const decided = await decideHolds(scene.db, facts, tries);
    if (decided === 0) break;
    facts = await untilQuiet(scene, jobs);
  }
  return facts;
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

/** What was found before the decisions and is still so afterwards is one violation. */
function distinct(violations: readonly Violation[]): Violation[] {
  return [...new Map(violations.map((each) => [JSON.stringify(each), each])).values()];
}

/** What was really done: of the provider's faults those that struck. */
export function countFaults(
  schedule: Schedule,
  fired: number,
  crashes: number,
): EpisodeReport['faults'] {
  const counts: EpisodeReport['faults'] = { crash_point: crashes, provider: fired };
  for (const { kind } of schedule.faults) {
    if (kind !== 'provider') counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
