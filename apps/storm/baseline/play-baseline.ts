import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { enqueuedJob, type EnqueuedJob } from '../ground/enqueue-job.ts';
import type { Lane } from '../ground/lane.ts';
import { openScene, type Scene } from '../ground/open-scene.ts';
import { patient } from '../ground/patient.ts';
import { type Claims, pauseHolder } from '../faults/pause-holder.ts';
import { type EpisodeReport, exists } from '../play-episode.ts';
import type { Charge } from '../check/read-facts.ts';
import { readTruth } from '../check/read-truth.ts';
import { calmDown, runStorm } from '../run-storm.ts';
import type { Schedule } from '../faults/schedule.ts';
import { sizesOf } from '../ground/storm-accounts.ts';
import { stormLeases } from '../ground/storm-leases.ts';
import type { Violation } from '../check/violation.ts';
import type { Holder } from '../faults/taken-over.ts';
import { likePoint } from './naive-crash-plan.ts';
import { naiveSql } from './naive-sql.ts';

const quietLimit_ms = 120_000;
/**
 * The same episode with the naive worker: chunks of the same sizes, the same faults at the same moments, pauses of whoever has claimed something,
 * and the same ledger of charges to judge by. A worker dies at the like moment where it has not the very point (naive-crash-plan.ts).
 */
export async function playBaseline(
  lane: Lane,
  schedule: Schedule,
  say: (line: string) => void,
): Promise<EpisodeReport> {
  await using opened = new AsyncDisposableStack();
  const scene = await openScene(opened, lane, {
    schedule,
    leases: stormLeases,
    program: 'naiveWorker',
    prepare: naiveSql,
    say,
  });
  const { jobs, struck } = await runStorm(scene, schedule, {
    enqueue: async (job, index) => {
      const enqueued = enqueuedJob(job, index);
      await patient(() => enqueue(scene, enqueued));
      return enqueued;
    },
    hasBegun: () => exists(scene.db, "SELECT FROM naive.jobs WHERE state <> 'waiting' LIMIT 1"),
    tend: async () => undefined,
    pauseHolder: (aim) => pauseHolder(scene, naiveClaims, aim),
  });
  const calmFrom = performance.now();
  const scripted = await calmDown(scene);
  await untilQuiet(scene);
  const { charges } = (await scene.simulator.control('GET', 'ledger')) as { charges: Charge[] };
  const crashes = scene.slots.flatMap((slot) => slot.deaths().points.map(likePoint));
  const chunks = jobs.flatMap((job) =>
    chunksOf(scene, job).map((numbers, index) => ({ name: `${job.check} ${index + 1}`, numbers })),
  );
  const violations = [
    ...chunks.flatMap((chunk) => paidTwice(chunk, charges)),
    ...(await Promise.all(jobs.map((job) => lost(scene, job)))).flat(),
  ];
  return {
    chunks: chunks.length,
    charges: charges.length,
    held: 0,
    paidWithoutAnswer: 0,
    suppressed: 0,
    erased: 0,
    faults: { ...struck, crash_point: crashes.length, provider: scripted.fired },
    crashes,
    survivors: 0,
    sleptAt: null,
    overtakenAt: null,
    takeovers: null,
    violations,
    recovery_s: (performance.now() - calmFrom) / 1_000,
    timelines: [],
  };
}

/** An upload is a claim without a task; a poll and a download are one with a task, which of them is for the provider to tell. */
const naiveClaims: Claims = {
  now: async () => 0,
  async holder(db, among) {
    const { rows } = await db.query<Holder>(
      `SELECT locked_by AS who, id::text AS chunk_id, tries AS fence, CASE WHEN task_id IS NULL THEN 'submitting' ELSE 'ingesting' END AS state
         FROM naive.jobs WHERE state = 'active' AND locked_until > clock_timestamp()
          AND CASE WHEN task_id IS NULL THEN 'submitting' = ANY($1) ELSE $1 && ARRAY['polling', 'ingesting'] END
        ORDER BY locked_until DESC LIMIT 1`,
      [among],
    );
    return rows[0] ?? null;
  },
  async takenOver(db, { chunk_id, fence }) {
    const { rows } = await db.query<{ who: string }>(
      'SELECT locked_by AS who FROM naive.jobs WHERE id = $1 AND tries > $2',
      [chunk_id, fence],
    );
    return rows[0] ?? null;
  },
};

function chunksOf(scene: Scene, job: EnqueuedJob): number[][] {
  let from = 0;
  return sizesOf(scene, job).map((size) => job.list.slice(from, (from += size)));
}

async function enqueue(scene: Scene, job: EnqueuedJob): Promise<void> {
  const { db } = scene;
  const before = await db.query('SELECT FROM naive.jobs WHERE check_name = $1', [job.check]);
  if (before.rowCount !== 0) return;
  await db.query(
    `INSERT INTO naive.jobs (account, check_name, numbers)
     SELECT $1, $2, ARRAY(SELECT jsonb_array_elements_text(chunk)::bigint) FROM jsonb_array_elements($3::jsonb) AS chunk`,
    [job.account, job.check, JSON.stringify(chunksOf(scene, job))],
  );
}

async function untilQuiet({ db }: Scene): Promise<void> {
  const giveUpAt = performance.now() + quietLimit_ms;
  const open = "SELECT FROM naive.jobs WHERE state IN ('waiting', 'active') LIMIT 1";
  while ((await exists(db, open)) && performance.now() < giveUpAt) await delay(250);
}

function paidTwice(
  { name, numbers }: { readonly name: string; readonly numbers: readonly number[] },
  charges: readonly Charge[],
): Violation[] {
  const sha256 = createHash('sha256')
    .update(numbers.map((number) => `${number}\n`).join(''))
    .digest('hex');
  const paid = charges.filter(({ numbers_sha256 }) => numbers_sha256 === sha256).length;
  if (paid <= 1) return [];
  return [
    {
      kind: 'paid_twice',
      chunkId: name,
      count: (paid - 1) * numbers.length,
      what: `${paid} charges for one chunk`,
    },
  ];
}

/** Numbers without a row, and rows that say what is not so. */
async function lost({ db, simulator }: Scene, job: EnqueuedJob): Promise<Violation[]> {
  const truth = await readTruth(simulator, job);
  const { rows } = await patient(() =>
    db.query<{ number: number; outcome: string }>(
      'SELECT number, outcome FROM naive.results WHERE check_name = $1',
      [job.check],
    ),
  );
  const wrong = rows.filter(
    ({ number, outcome }) =>
      truth.get(number) !== outcome && outcome !== 'missing' && outcome !== 'undetermined',
  ).length;
  const count = job.list.length - rows.length + wrong;
  if (count === 0) return [];
  return [
    {
      kind: 'lost',
      chunkId: null,
      count,
      what: `${job.check}: ${job.list.length - rows.length} numbers without a row, ${wrong} wrong`,
    },
  ];
}
