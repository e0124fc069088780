import type { CrashPoint } from '@rollcall/crash-points';
import { providerFault, type ProviderFault } from './provider-faults.ts';
import { type Random, seededRandom } from './random.ts';
import { travelledCrashPoints, workerCrashPoints } from './worker-crash-points.ts';

/** What an episode does to Rollcall and when: a pure function of the seed and the run's number, so that it replays. */
export interface Schedule {
  readonly seed: string;
  readonly run: number;
  readonly backend: Backend;
  readonly jobs: readonly StormJob[];
  /** For each worker the crash points of its lives, one after the other; whoever has used them up dies of nothing but the faults below. */
  readonly lives: readonly (readonly string[])[];
  /** After the storm: who sleeps at which point of its work until that is another's; null: nobody. */
  readonly sleeper: Sleeper | null;
  /** In the order of time. */
  readonly faults: readonly Fault[];
  /** Numbers that must not be sent any more, or be nowhere. */
  readonly objections: readonly PlannedObjection[];
  readonly storm_ms: number;
  /** The storm is over as soon as so many workers have died at a crash point; null: when its time is over. */
  readonly crashes: number | null;
}

export type Backend = 'postgres' | 'redis';

export interface StormJob {
  readonly at_ms: number;
  readonly check: string;
  readonly account: string;
  readonly numbers: number;
}

/** `claimed`: a number of an upload that somebody has claimed right then, and not begun. */
export type PlannedObjection = { readonly at_ms: number } & (
  | {
      readonly kind: 'suppress' | 'erase';
      /** Which of the schedule's jobs, and which of its numbers. */
      readonly job: number;
      readonly place: number;
    }
  | { readonly kind: 'suppress_claimed'; readonly share: number }
);

export interface Sleeper {
  readonly worker: number;
  readonly point: SleepPoint;
}

/**
 * Between a claim and the write that its fence is there for: of the rows, of a poll, of an ingest that is given back, of an upload's answer.
 * Any earlier and another fence is met first (that of the archive). The last one is before an upload's first byte: no fence stops that, only the
 * lease that the worker took before.
 */
export const sleepPoints = [
  'ingest:after_parse',
  'poll:after_answer',
  'ingest.keep_evidence:after_commit',
  'submit:after_answer',
  'submit:before_first_byte',
] as const satisfies readonly CrashPoint[];
export type SleepPoint = (typeof sleepPoints)[number];

export const faultKinds = ['kill', 'pause', 'provider', 'queue', 'database', 'wire'] as const;
export type FaultKind = (typeof faultKinds)[number];
/** What each run of a storm must have met. */
export const kindsMin = 5;

/** The kinds of which a fault struck somebody. */
export function kindsStruck(
  faults: Readonly<Partial<Record<FaultKind, number>>>,
): readonly FaultKind[] {
  return faultKinds.filter((kind) => (faults[kind] ?? 0) > 0);
}

/** `at_ms` counts from the first upload; what is at 0 is there before it. */
export type Fault = { readonly at_ms: number } & (
  | { readonly kind: 'kill'; readonly worker: number; readonly down_ms: number }
  /** `worker`: who is stopped where nobody holds what is aimed at. */
  | {
      readonly kind: 'pause';
      readonly aim: PauseAim;
      readonly worker: number;
      readonly for_ms: number;
    }
  | { readonly kind: 'provider'; readonly fault: ProviderFault }
  | { readonly kind: 'queue'; readonly what: QueueFault; readonly for_ms: number }
  | {
      readonly kind: 'database';
      readonly what: DatabaseFault;
      readonly worker: number;
      readonly for_ms: number;
    }
  | {
      readonly kind: 'wire';
      readonly of: 'providers' | 'results';
      readonly what: WireFault;
      readonly for_ms: number;
    }
);

/** What the worker that is stopped has claimed right then. */
export type PauseAim = 'upload' | 'poll' | 'download' | 'failing_download';
/** `emptied`: FLUSHALL, or the tables of doorbells emptied. `killed`: Redis dies and comes back empty. */
export type QueueFault = 'emptied' | 'killed' | 'frozen' | 'lost_reply';
/** Of the whole server, or of the line of one worker. */
export type DatabaseFault =
  | 'immediate_restart'
  | 'backends_terminated'
  | 'frozen'
  | 'reset'
  | 'commit_reply_lost';
/** Of the line to the providers, or of that to their result files. */
export type WireFault = 'delayed' | 'dripping' | 'truncated' | 'reset' | 'frozen' | 'cut';

export interface ScheduleOptions {
  /** Null: the backends alternate from run to run. */
  readonly backend: Backend | null;
  readonly workers: number;
}

/** Longer than the lease that the storm gives its workers (`leases`). */
export const pause_ms = { min: 3_200, max: 5_000 };

export function scheduleOf(seed: string, run: number, options: ScheduleOptions): Schedule {
  const random = seededRandom(`${seed}/${run}`);
  const storm_ms = random.between(7_000, 9_500);
  const backend = options.backend ?? (run % 2 === 0 ? 'postgres' : 'redis');
  const worker = () => random.between(0, options.workers - 1);
  const moment = () => random.between(100, storm_ms - 500);
  const faults: Fault[] = [];
  for (let kills = random.between(1, 2); kills > 0; kills -= 1) {
    faults.push({
      at_ms: moment(),
      kind: 'kill',
      worker: worker(),
      down_ms: random.between(0, 1_500),
    });
  }
  for (let pauses = random.between(2, 3); pauses > 0; pauses -= 1) {
    const for_ms = random.between(pause_ms.min, pause_ms.max);
    faults.push({
      at_ms: random.between(100, storm_ms - 2_000),
      kind: 'pause',
      aim: random.pick<PauseAim>(['upload', 'poll', 'download', 'download', 'failing_download']),
      worker: worker(),
      for_ms,
    });
  }
  for (let provider = random.between(8, 14); provider > 0; provider -= 1) {
    // Most uploads are made early, so most of the faults are scripted early.
    const at_ms = random.chance(0.6) ? 0 : moment();
    const fault = providerFault(random, at_ms === 0 ? 'before' : 'amid');
    faults.push({ at_ms, kind: 'provider', fault });
  }
  for (let queue = random.between(1, 2); queue > 0; queue -= 1) {
    faults.push({ at_ms: moment(), kind: 'queue', ...queueFault(random, backend) });
  }
  for (let database = random.between(1, 2); database > 0; database -= 1) {
    faults.push({ at_ms: moment(), kind: 'database', worker: worker(), ...databaseFault(random) });
  }
  for (let wire = random.between(1, 2); wire > 0; wire -= 1) {
    faults.push({ at_ms: moment(), kind: 'wire', ...wireFault(random) });
  }
  const jobs = jobsOf(random, storm_ms);
  return {
    seed,
    run,
    backend,
    jobs,
    lives: Array.from({ length: options.workers }, () => [crashPlan(random)]),
    sleeper: sleeperOf(seed, run, options.workers),
    faults: faults.sort((one, other) => one.at_ms - other.at_ms),
    objections: objectionsOf(seed, run, jobs, storm_ms),
    storm_ms,
    crashes: null,
  };
}

/** The points come in turn, for two runs each, since the backends alternate. */
function sleeperOf(seed: string, run: number, workers: number): Sleeper {
  const random = seededRandom(`${seed}/sleeper/${run}`);
  const point = sleepPoints[Math.floor(run / 2) % sleepPoints.length] ?? sleepPoints[0];
  return { worker: random.between(0, workers - 1), point };
}

/** Most while there is much that was not sent yet. */
function objectionsOf(
  seed: string,
  run: number,
  jobs: readonly StormJob[],
  storm_ms: number,
): PlannedObjection[] {
  const random = seededRandom(`${seed}/objections/${run}`);
  const moment = () => random.between(0, random.chance(0.5) ? 2_000 : storm_ms - 1_000);
  const anyone = (kind: 'suppress' | 'erase'): PlannedObjection => {
    const job = random.between(0, jobs.length - 1);
    const place = random.between(0, (jobs[job]?.numbers ?? 1) - 1);
    // Of a number that was sent there are rows and files.
    const half_ms = Math.floor(storm_ms / 2);
    const at_ms = kind === 'erase' ? random.between(half_ms, storm_ms - 500) : moment();
    return { at_ms, kind, job, place };
  };
  return [
    ...Array.from({ length: random.between(6, 10) }, () => anyone('suppress')),
    ...Array.from({ length: random.between(2, 4) }, () => anyone('erase')),
    ...Array.from({ length: random.between(5, 8) }, (): PlannedObjection => {
      return { at_ms: moment(), kind: 'suppress_claimed', share: random.next() };
    }),
  ].sort((one, other) => one.at_ms - other.at_ms);
}

/** Each stage loses a worker in the middle of its work, and nothing else happens: for P4 at its real values. */
export function leaseScheduleOf(seed: string, run: number, options: ScheduleOptions): Schedule {
  const random = seededRandom(`${seed}/leases/${run}`);
  const lives = [['submit:after_body#1'], ['ingest:after_download#1'], ['poll:after_answer#1']];
  return {
    seed,
    run,
    backend: options.backend ?? (run % 2 === 0 ? 'postgres' : 'redis'),
    jobs: jobsOf(random, 0).map((job) => ({ ...job, at_ms: 0 })),
    lives,
    sleeper: null,
    faults: [],
    objections: [],
    storm_ms: 60_000,
    crashes: lives.length,
  };
}

/** All three contracts, 12 chunks or more in all, at the chunk sizes of `storm-accounts.ts`; the telegram job has a canary. */
function jobsOf(random: Random, storm_ms: number): StormJob[] {
  const later = () => (random.chance(0.6) ? 0 : random.between(1, storm_ms - 2_000));
  return [
    { check: 'telegram', account: 'ekycpro', numbers: 1_001 + random.between(0, 200) },
    { check: 'coinw', account: 'ekycpro', numbers: random.between(41, 80) },
    { check: 'twitter', account: 'checknumber', numbers: random.between(61, 100) },
    { check: 'facebook', account: 'ekycpro-facebook', numbers: random.between(200, 300) },
    { check: 'whatsapp', account: 'webcom', numbers: random.between(61, 100) },
    { check: 'viber', account: 'webcom', numbers: random.between(21, 40) },
  ].map((job, index) => ({ at_ms: index === 0 ? 0 : later(), ...job }));
}

function crashPlan(random: Random): string {
  const passing = random.chance(0.8) ? 1 : random.between(2, 3);
  const points = random.chance(0.15) ? workerCrashPoints : travelledCrashPoints;
  return `${random.pick(points)}#${passing}`;
}

function queueFault(random: Random, backend: Backend): { what: QueueFault; for_ms: number } {
  const what = random.pick<QueueFault>(
    backend === 'redis' ? ['emptied', 'killed', 'frozen', 'lost_reply'] : ['emptied'],
  );
  return { what, for_ms: random.between(500, 3_000) };
}

function databaseFault(random: Random): { what: DatabaseFault; for_ms: number } {
  const what = random.pick<DatabaseFault>([
    'immediate_restart',
    'backends_terminated',
    'frozen',
    'reset',
    'commit_reply_lost',
    'commit_reply_lost',
  ]);
  return { what, for_ms: random.between(200, 3_500) };
}

function wireFault(random: Random): Omit<Extract<Fault, { kind: 'wire' }>, 'at_ms' | 'kind'> {
  const what = random.pick<WireFault>([
    'delayed',
    'dripping',
    'truncated',
    'reset',
    'frozen',
    'cut',
  ]);
  const of = random.chance(0.6) ? 'providers' : 'results';
  return { of, what, for_ms: random.between(300, 2_500) };
}
