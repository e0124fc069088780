import { providerFault, type ProviderFault } from './provider-faults.ts';
import { type Random, seededRandom } from './random.ts';
import { travelledCrashPoints, workerCrashPoints } from './worker-crash-points.ts';

/** What an episode does to Rollcall and when: a pure function of the seed and the run's number, so that it replays. */
export interface Schedule {
  readonly seed: string;
  readonly run: number;
  readonly backend: Backend;
  readonly jobs: readonly StormJob[];
  /** For each worker its lives, one after the other; whoever has used them up dies of nothing but the faults below. */
  readonly lives: readonly (readonly Life[])[];
  /** In the order of time. */
  readonly faults: readonly Fault[];
  readonly storm_ms: number;
  /** The storm is over as soon as so many workers have died at a crash point; null: when its time is over. */
  readonly crashes: number | null;
  /** A worker that does not come to its crash point is ended so long after it was up; null: it may live on. */
  readonly lifeLimit_ms: number | null;
}

/**
 * Crash points, of which the first that waiting work leads to is the one where the worker dies: only there chance and the machine have a
 * say. An empty life dies of nothing but faults.
 */
export type Life = readonly string[];

export type Backend = 'postgres' | 'redis';

export interface StormJob {
  readonly at_ms: number;
  readonly check: string;
  readonly account: string;
  readonly numbers: number;
}

export const faultKinds = ['kill', 'pause', 'provider', 'queue', 'database', 'wire'] as const;
export type FaultKind = (typeof faultKinds)[number];

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
const pause_ms = { min: 3_200, max: 5_000 };

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
  return {
    seed,
    run,
    backend,
    jobs: jobsOf(random, storm_ms),
    lives: Array.from({ length: options.workers }, () => livesOf(random, 1, 1)),
    faults: faults.sort((one, other) => one.at_ms - other.at_ms),
    storm_ms,
    crashes: null,
    lifeLimit_ms: null,
  };
}

/** An episode of nothing but deaths at crash points, one after the other, with work for every stage all the while. */
export function crashScheduleOf(
  seed: string,
  run: number,
  options: ScheduleOptions & { readonly crashes: number },
): Schedule {
  const random = seededRandom(`${seed}/crash points/${run}`);
  const { crashes, workers } = options;
  const jobs = Array.from({ length: Math.ceil(crashes * 1.2) }, (_, index) => {
    const kind = random.pick(smallJobs);
    // The first ones at once: work for every stage is there before anybody dies.
    const at_ms = Math.max(0, index - 6) * 500;
    return { at_ms, ...kind, numbers: random.between(kind.least, kind.least + 60) };
  });
  // Without these nobody would come to the places where a refusal, an empty balance or a second download is handled.
  const faults = Array.from({ length: Math.ceil(crashes / 4) }, (_, index): Fault => {
    return { at_ms: index * 2_000, kind: 'provider', fault: providerFault(random, 'amid') };
  });
  return {
    seed,
    run,
    backend: options.backend ?? (run % 2 === 0 ? 'postgres' : 'redis'),
    jobs,
    lives: Array.from({ length: workers }, () => livesOf(random, crashes * 2, wishesPerLife)),
    faults,
    storm_ms: crashes * 4_000,
    crashes,
    lifeLimit_ms: 3_500,
  };
}

/** Each stage loses a worker in the middle of its work, and nothing else happens: for P4 at its real values. */
export function leaseScheduleOf(seed: string, run: number, options: ScheduleOptions): Schedule {
  const random = seededRandom(`${seed}/leases/${run}`);
  const lives = [['submit:after_body#1'], ['ingest:after_download#1'], ['poll:after_answer#1']].map(
    (life) => [life],
  );
  return {
    seed,
    run,
    backend: options.backend ?? (run % 2 === 0 ? 'postgres' : 'redis'),
    jobs: jobsOf(random, 0).map((job) => ({ ...job, at_ms: 0 })),
    lives,
    faults: [],
    storm_ms: 60_000,
    crashes: lives.length,
    lifeLimit_ms: null,
  };
}

const smallJobs = [
  { check: 'telegram', account: 'ekycpro', least: 10 },
  { check: 'coinw', account: 'ekycpro', least: 15 },
  { check: 'twitter', account: 'checknumber', least: 15 },
  { check: 'facebook', account: 'ekycpro-facebook', least: 100 },
  { check: 'whatsapp', account: 'webcom', least: 15 },
  { check: 'viber', account: 'webcom', least: 15 },
];

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

/** Enough that one of them is on the way of whatever waits. */
const wishesPerLife = 8;

function livesOf(random: Random, lives: number, wishes: number): Life[] {
  const wish = () => {
    const passing = random.chance(0.8) ? 1 : random.between(2, 3);
    const points = random.chance(0.15) ? workerCrashPoints : travelledCrashPoints;
    return `${random.pick(points)}#${passing}`;
  };
  return Array.from({ length: lives }, () => Array.from({ length: wishes }, wish));
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
