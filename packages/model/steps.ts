import { expireIngestSteps, ingestSteps } from './ingest-steps.ts';
import { supersede } from './job-verbs.ts';
import { operatorSteps } from './operator-steps.ts';
import { pollSteps } from './poll-steps.ts';
import { Refused, type Rules } from './store.ts';
import { expireSubmitSteps, submitSteps } from './submit-steps.ts';
import type { Worker, World } from './world.ts';

/** One atomic step of one actor: a commit, or an exchange with the provider. */
export interface Step {
  readonly label: string;
  readonly world: World;
  /** The worker that took it. */
  readonly worker: 0 | 1 | null;
  /** Nobody may count on it: a fault, a crash, or a person who cancels. */
  readonly isLuck: boolean;
  /** The constraint that refused it. */
  readonly refusedBy: string | null;
}

/** A world that a step may change at the top; whatever lies below is replaced, never changed in place. */
export type Draft = { -readonly [Field in keyof World]: World[Field] } & {
  workers: [Worker, Worker];
};

export interface Take {
  (label: string, change: (next: Draft) => void): Step;
  /** The same as trouble, while there may still be some: one step or none. */
  fault(label: string, change: (next: Draft) => void): readonly Step[];
}

/** Every step that any actor may take now. */
export function stepsFrom(world: World, rules: Rules): readonly Step[] {
  const steps: Step[] = [];
  for (const index of [0, 1] as const) {
    const take = taker(world, `worker ${index + 1}`, index);
    steps.push(
      ...submitSteps(world, index, rules, take),
      ...pollSteps(world, index, rules, take),
      ...ingestSteps(world, index, rules, take),
    );
    const worker = world.workers[index];
    if ('claim' in worker && world.left.crashes > 0) {
      const died = take(`dies (${worker.at})`, (next) => {
        next.workers[index] = { at: 'idle' };
        next.left = { ...next.left, crashes: next.left.crashes - 1 };
      });
      steps.push({ ...died, isLuck: true });
    }
  }
  const sweep = taker(world, 'sweep', null);
  steps.push(...expireSubmitSteps(world, rules, sweep), ...expireIngestSteps(world, rules, sweep));
  steps.push(...operatorSteps(world, rules, taker(world, 'operator', null)));
  if (world.store.chunk.reason === 'replan') {
    const plan = taker(world, 'plan', null);
    steps.push(plan('cuts the numbers anew', (next) => void supersede(next.store)));
  }
  return steps;
}

function taker(world: World, actor: string, worker: 0 | 1 | null): Take {
  const step = (label: string, change: (next: Draft) => void, isLuck: boolean): Step => {
    const next: Draft = {
      ...world,
      store: { ...world.store },
      workers: [...world.workers],
    };
    const taken = { label: `${actor} ${label}`, worker, isLuck };
    try {
      change(next);
      return { ...taken, world: next, refusedBy: null };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { ...taken, world, refusedBy: error.constraint };
    }
  };
  const take = (label: string, change: (next: Draft) => void) => step(label, change, false);
  return Object.assign(take, {
    fault: (label: string, change: (next: Draft) => void): readonly Step[] => {
      if (world.left.faults === 0) return [];
      const spends = (next: Draft) => {
        next.left = { ...next.left, faults: next.left.faults - 1 };
        change(next);
      };
      return [step(label, spends, true)];
    },
  });
}
