import { setTimeout as delay } from 'node:timers/promises';
import { type DueStep, findDueWork } from './find-due-work.ts';
import type { Lane } from './ground/lane.ts';
import type { Ground } from './ground/open-ground.ts';
import type { Random } from './faults/random.ts';
import { startWorker } from './ground/start-worker.ts';
import { pointsOf, rarePointsOf } from './faults/step-points.ts';
import type { StepName } from './faults/worker-places.ts';

/** Does what is due, a process for each step, until it is told to stop. */
export interface Stepper {
  /** The crash point of each death so far. */
  readonly crashes: readonly string[];
  /** Steps that were armed and ended without having come by their point. */
  readonly survivors: () => number;
  /** Nothing was due when it was last looked. */
  isIdle(): boolean;
  /** Waits for those at work. */
  stop(): Promise<void>;
}

const atOnce = 3;
const look_ms = 30;
/** How much more often a step is drawn where several are due: an upload's deaths are those that cost money. */
const weights: Readonly<Record<StepName, number>> = {
  submit: 4,
  ingest: 3,
  poll: 2,
  plan: 2,
  expire: 20,
  rescue: 0,
  balances: 0,
  sync: 0,
};
/** How often a step is left alive, one in ten otherwise: leases are over all the time, and others wait for their end. */
const alive: Readonly<Partial<Record<StepName, number>>> = { expire: 0.7 };
/** What nobody waits for, and a worker does all the time. */
const ofItself: readonly StepName[] = ['rescue', 'balances', 'sync'];

export async function openStepper(
  lane: Lane,
  ground: Ground,
  random: Random,
  environment: Readonly<Record<string, string>>,
): Promise<Stepper> {
  const crashes: string[] = [];
  const inHand = new Map<symbol, DueStep>();
  let lives = 0;
  let survived = 0;
  let idle = false;
  const stopped = new AbortController();

  async function live(role: string, due: DueStep, crashAt: string | null): Promise<void> {
    const life = (lives += 1);
    const url = new URL(lane.postgres.urlAs(ground.databaseUrl, role));
    url.searchParams.set('options', `-c storm.life=${life}`);
    const worker = startWorker({
      program: lane.programs.oneStep,
      flags: [due.step, due.id],
      environment: {
        ...environment,
        DATABASE_URL: url.href,
        NODE_COMPILE_CACHE: lane.programs.compileCache,
        ...(crashAt !== null && { ROLLCALL_CRASH_AT: crashAt }),
      },
      onLine: (line) => {
        if (!line.startsWith('{"level')) ground.tell(`${role}/${life} says: ${line}`);
      },
    });
    const how = await worker.ended;
    const point = crashAt?.split('#')[0] ?? null;
    if (how === 'SIGKILL' && point !== null) crashes.push(point);
    else if (point !== null) survived += 1;
    const armed = crashAt === null ? '' : `, armed for ${crashAt}`;
    ground.tell(`${role}/${life}: ${due.step} ${due.id} ended by ${how}${armed}`);
  }

  /** One of what is due, or of what nobody else has in hand unless a doorbell comes twice. */
  function choose(due: readonly DueStep[]): DueStep | null {
    if (random.chance(0.04)) {
      return { step: random.pick(ofItself), id: '', account: '' };
    }
    const twice = random.chance(0.05);
    const free = due.filter(
      (each) => twice || ![...inHand.values()].some((other) => isSame(each, other)),
    );
    const drawn = free.flatMap((each) => Array.from({ length: weights[each.step] }, () => each));
    return drawn.length === 0 ? null : random.pick(drawn);
  }

  function arm(step: StepName): string | null {
    if (random.chance(alive[step] ?? 0.1)) return null;
    const rare = rarePointsOf(step);
    const point = random.pick(rare.length > 0 && random.chance(0.03) ? rare : pointsOf(step));
    // Only where several tasks are asked for at once is there a second passing.
    const passing = point.startsWith('poll.settle') && random.chance(0.2) ? 2 : 1;
    return `${point}#${passing}`;
  }

  async function work(role: string): Promise<void> {
    while (!stopped.signal.aborted) {
      const due = await findDueWork(ground.db);
      const step = choose(due);
      idle = step === null;
      if (step === null) {
        await delay(look_ms);
        continue;
      }
      const hand = Symbol(step.step);
      inHand.set(hand, step);
      await live(role, step, arm(step.step));
      inHand.delete(hand);
    }
  }

  await live('storm_1', { step: 'sync', id: '', account: '' }, null);
  const working = Promise.all(
    Array.from({ length: atOnce }, (_, index) => work(`storm_${index + 1}`)),
  );
  return {
    crashes,
    survivors: () => survived,
    isIdle: () => idle,
    async stop() {
      stopped.abort();
      await working;
    },
  };
}

/** One upload of an account at a time here: whether there is room for a second one, the first has yet to say. */
function isSame(one: DueStep, other: DueStep): boolean {
  if (one.step !== other.step) return false;
  return one.step === 'submit' ? one.account === other.account : one.id === other.id;
}
