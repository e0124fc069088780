import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@rollcall/db';
import { checkAnswers } from './check/check-answers.ts';
import { checkErased, openErasures } from './check/check-erased.ts';
import { checkJournal } from './check/check-journal.ts';
import { checkLeftOut } from './check/check-left-out.ts';
import { checkMoney } from './check/check-money.ts';
import { openWithoutReason } from './check/check-open.ts';
import { checkPolls } from './check/check-polls.ts';
import { checkResults } from './check/check-results.ts';
import { checkSpending } from './check/check-spending.ts';
import { checkSums } from './check/check-sums.ts';
import { concernedChunks } from './check/concerned-chunks.ts';
import type { Objection } from './faults/object.ts';
import type { EnqueuedJob } from './ground/enqueue-job.ts';
import type { Ground } from './ground/open-ground.ts';
import { decideHolds, tendAll } from './operator.ts';
import { patient } from './ground/patient.ts';
import { type JobAnswers, readAnswers } from './check/read-answers.ts';
import { type Facts, readFacts } from './check/read-facts.ts';
import { type JournalRow, readJournal } from './check/read-journal.ts';
import { readPolls } from './check/read-polls.ts';
import type { Scripted } from './run-storm.ts';
import { timelineOf } from './check/timeline.ts';
import type { Violation } from './check/violation.ts';

/** What an episode came to, once everything was over. */
export interface Judged {
  readonly chunks: number;
  readonly charges: number;
  readonly held: number;
  /** Chunks that were paid for and whose files were scripted to be wrong for good. */
  readonly paidWithoutAnswer: number;
  /** Numbers that were put on the suppression list, and those that were erased. */
  readonly suppressed: number;
  readonly erased: number;
  readonly violations: readonly Violation[];
  /** From the end of the storm until nothing moved that should. */
  readonly recovery_s: number;
  /** Of the chunks that the violations concern. */
  readonly timelines: readonly string[];
}

export interface Evidence {
  readonly jobs: readonly EnqueuedJob[];
  /** What the simulator was told to do, and did. */
  readonly scripted: Scripted;
  /** Numbers that were put on the suppression list or erased; none where nobody did. */
  readonly objections?: readonly Objection[];
  /** When the calm began, by `performance.now()`. */
  readonly calmFrom: number;
  /** What is done once the storm's own work is quiet, and before anything is decided on: a job more. */
  readonly whenQuiet?: () => Promise<EnqueuedJob>;
  /** Ends the workers, for good. */
  readonly stop: () => Promise<void>;
  /** What only this kind of episode promises. */
  readonly check?: (facts: Facts, journal: readonly JournalRow[]) => readonly Violation[];
}

/** Longer than anything of Rollcall waits in a storm: the longest back-off of a free refusal. */
const motionless_ms = 60_000;
const quietLimit_ms = 900_000;
const roundsMax = 12;

/** After the storm, with workers that live: waits until it is quiet, checks, decides what is held as a person would, and checks again. */
export async function judgeEpisode(
  ground: Ground,
  { jobs: stormJobs, scripted, objections = [], calmFrom, whenQuiet, stop, check }: Evidence,
): Promise<Judged> {
  const { db, simulator, temporary, happenings, tell } = ground;
  let quiet = await untilQuiet(ground, stormJobs);
  const recovery_s = (performance.now() - calmFrom) / 1_000;
  tell(`quiet after ${recovery_s.toFixed(1)} s`);

  const late = await whenQuiet?.();
  const jobs = late ? [...stormJobs, late] : stormJobs;
  if (late) quiet = await untilQuiet(ground, jobs);

  const beforeDecisions = [...openWithoutReason(quiet), ...checkMoney(quiet)];
  const held = quiet.chunks.filter(({ state }) => state === 'held').length;
  const facts = await decideAll(ground, jobs, quiet);
  const journal = await readJournal(db);
  await stop();
  const answered: JobAnswers[] = [];
  for (const job of jobs) answered.push(await readAnswers(db, simulator, job));
  const paid = checkAnswers(facts, scripted.spoiled);
  const violations = distinct([
    ...beforeDecisions,
    ...openAfterDecisions(facts),
    ...checkMoney(facts),
    ...paid.violations,
    ...checkJournal(journal),
    ...checkPolls(await readPolls(db)),
    ...checkSpending(journal, facts.chunks),
    ...(check?.(facts, journal) ?? []),
    ...checkResults(facts, answered, scripted.edits, numbersOf(objections)),
    ...checkLeftOut(facts, jobs, objections),
    ...(await checkErased(db, objections)),
    ...(await checkSums(db)),
    ...(await readdir(temporary)).map(
      (file): Violation => ({
        kind: 'file',
        chunkId: null,
        count: 1,
        what: `${file} was left behind`,
      }),
    ),
  ]);
  const timelines: string[] = [];
  for (const chunkId of concernedChunks(violations, facts)) {
    const jobId = facts.chunks.find(({ id }) => id === chunkId)?.job_id;
    const what = violations
      .filter((each) => each.chunkId === chunkId || (each.jobId && each.jobId === jobId))
      .map((each) => `${each.kind}: ${each.what}`);
    timelines.push(
      `${chunkId}: ${what.join('; ')}\n${await timelineOf(db, chunkId, facts, journal, happenings)}`,
    );
  }
  return {
    chunks: facts.chunks.filter(({ state }) => state !== 'superseded').length,
    charges: facts.charges.length,
    held,
    paidWithoutAnswer: paid.paidWithoutAnswer,
    suppressed: numbersOf(objections.filter(({ kind }) => kind === 'suppress')).size,
    erased: numbersOf(objections.filter(({ kind }) => kind === 'erase')).size,
    violations,
    recovery_s,
    timelines,
  };
}

/**
 * Waits until nothing moves that should, and gives what is then; where something should and for a minute nothing did, it is stuck. Not
 * how long it takes is judged: the machine may be busy.
 */
async function untilQuiet(ground: Ground, jobs: readonly EnqueuedJob[]): Promise<Facts> {
  const giveUpAt = performance.now() + quietLimit_ms;
  let before = '';
  let movedAt = performance.now();
  for (;;) {
    await patient(() => tendAll(ground.db));
    const facts = await readFacts(ground.db, ground.simulator, jobs);
    const quiet = facts.jobs.length === jobs.length && openWithoutReason(facts).length === 0;
    const blocked = facts.chunks.some(
      ({ state, reason }) => state === 'blocked' && reason !== 'canary',
    );
    const now = performance.now();
    const motion = await motionOf(ground.db);
    if (motion !== before) movedAt = now;
    before = motion;
    if (quiet && !blocked && (await openErasures(ground.db)) === 0) return facts;
    if (now - movedAt > motionless_ms || now > giveUpAt) return facts;
    await delay(250);
  }
}

async function motionOf(db: Database): Promise<string> {
  const { rows } = await patient(() =>
    db.query<{ motion: string }>(
      `SELECT concat_ws('/', (SELECT max(id) FROM storm.journal), (SELECT max(id) FROM store.poll_history), (SELECT max(id) FROM store.evidence), (SELECT count(*) FROM store.erasures WHERE done_at IS NULL)) AS motion`,
    ),
  );
  return rows[0]?.motion ?? '';
}

async function decideAll(
  ground: Ground,
  jobs: readonly EnqueuedJob[],
  quiet: Facts,
): Promise<Facts> {
  const tries = new Map<string, number>();
  let facts = quiet;
  for (let round = 0; round < roundsMax; round += 1) {
    const decided = await decideHolds(ground.db, facts, tries);
    if (decided === 0) break;
    facts = await untilQuiet(ground, jobs);
  }
  return facts;
}

const numbersOf = (objections: readonly Objection[]): ReadonlySet<number> =>
  new Set(objections.map(({ number }) => number));

function openAfterDecisions({ jobs }: Facts): Violation[] {
  return jobs
    .filter(({ state }) => !/^(?:completed|completed_with_errors|cancelled)$/.test(state))
    .map(({ id, state }) => ({
      kind: 'stuck',
      chunkId: null,
      jobId: id,
      count: 1,
      what: `job ${id} is still ${state}`,
    }));
}

/** What was found before the decisions and is still so afterwards is one violation. */
function distinct(violations: readonly Violation[]): Violation[] {
  return [...new Map(violations.map((each) => [JSON.stringify(each), each])).values()];
}
