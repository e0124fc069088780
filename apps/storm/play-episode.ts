import type { Database } from '@rollcall/db';
import { checkLeases, type Takeovers } from './check/check-leases.ts';
import { enqueueJob } from './ground/enqueue-job.ts';
import { judgeEpisode, type Judged } from './judge-episode.ts';
import type { Lane } from './ground/lane.ts';
import { openScene } from './ground/open-scene.ts';
import { tendAccounts } from './operator.ts';
import { journaledClaims, pauseHolder } from './faults/pause-holder.ts';
import { object, type Objection } from './faults/object.ts';
import { patient } from './ground/patient.ts';
import { calmDown, runStorm } from './run-storm.ts';
import { playSleeper } from './play-sleeper.ts';
import type { FaultKind, Schedule, SleepPoint } from './faults/schedule.ts';
import { strikeLate } from './faults/strike-late.ts';
import { type Leases, stormLeases } from './ground/storm-leases.ts';

export interface EpisodeReport extends Judged {
  /** Those that struck. */
  readonly faults: Partial<Record<FaultKind | 'crash_point', number>>;
  /** The crash point of each death at one. */
  readonly crashes: readonly string[];
  /** Processes that were armed for a crash point and did not come by it. */
  readonly survivors: number;
  /** Where a worker slept over a claim, after the storm; null: none came to its point. */
  readonly sleptAt: SleepPoint | null;
  /** Where a worker slept that another had taken the claim of when it woke; null: none had. */
  readonly overtakenAt: SleepPoint | null;
  /** With the leases of production only. */
  readonly takeovers: Takeovers | null;
}

/** No canary before it. */
const smallJob = { at_ms: 0, check: 'viber', account: 'webcom', numbers: 20 };

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
  const { db, slots, tell } = scene;
  const objections: Objection[] = [];
  const { jobs: stormJobs, struck } = await runStorm(scene, schedule, {
    enqueue: (job, index) => enqueueJob(db, scene.accounts, job, index),
    hasBegun: () => exists(db, 'SELECT FROM store.attempts LIMIT 1'),
    tend: () => tendAccounts(db),
    pauseHolder: (aim) => pauseHolder(scene, journaledClaims, aim),
    object: async (planned) => {
      const objection = await object(db, planned);
      tell(`objection: ${JSON.stringify(planned)}${objection === null ? ', to nobody' : ''}`);
      if (objection !== null) objections.push(objection);
    },
  });
  const jobs = [...stormJobs];
  const oneJobMore = async () => {
    jobs.push(await enqueueJob(db, scene.accounts, smallJob, jobs.length));
  };
  const all = schedule.crashes === null ? await strikeLate(scene, struck, oneJobMore) : struck;
  const calmFrom = performance.now();
  tell('calm');
  const scripted = await calmDown(scene);
  const { sleeper } = schedule;
  let sleptAt: SleepPoint | null = null;
  let overtakenAt: SleepPoint | null = null;
  let takeovers: Takeovers | null = null;
  const judged = await judgeEpisode(scene, {
    jobs,
    scripted,
    objections,
    calmFrom,
    ...(sleeper !== null && {
      whenQuiet: async () => {
        const slept = await playSleeper(scene, sleeper, jobs.length);
        if (slept.slept) sleptAt = sleeper.point;
        if (slept.overtaken) overtakenAt = sleeper.point;
        return slept.job;
      },
    }),
    stop: async () => {
      await Promise.all(slots.map((slot) => slot.stop(10_000)));
    },
    // Short leases are put off by the storm's own outages; the real ones are played without any.
    ...(leases !== stormLeases && {
      check: (_, journal) => {
        const found = checkLeases(journal, leases, tell);
        takeovers = found.slowest;
        return found.violations;
      },
    }),
  });
  const crashes = slots.flatMap((slot) => slot.deaths().points);
  return {
    ...judged,
    faults: { ...all, crash_point: crashes.length, provider: scripted.fired },
    crashes,
    survivors: 0,
    sleptAt,
    overtakenAt,
    takeovers,
  };
}

export async function exists(db: Database, text: string): Promise<boolean> {
  const { rowCount } = await patient(() => db.query(text));
  return rowCount !== 0;
}
