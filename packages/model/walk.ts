import { brokenBy, brokenIn, isFinal } from './invariants.ts';
import type { Rules, Store } from './store.ts';
import { stepsFrom } from './steps.ts';
import { keyMaker, type World } from './world.ts';

/** What a walk found. */
export interface Walked {
  readonly states: number;
  readonly steps: number;
  /** Of the longest shortest way to a state. */
  readonly depth: number;
  /** The edges that steps took, `chunk: from → to` and `attempt: from → to`. */
  readonly edges: ReadonlySet<string>;
  readonly violation: Violation | null;
}

export interface Violation {
  readonly broken: string;
  /** The steps that lead there, one a line: as few as there are. */
  readonly trace: readonly string[];
}

const cannotEnd = 'stuck: the chunk cannot end';

/**
 * Walks through every world that can be reached from `start`, nearest first, each once, and looks at every one and at every step to it;
 * then asks of each whether the chunk can still end without luck: with no fault, no crash and nobody who cancels. It stops at the first
 * violation that `counts`, which is one with the fewest steps, and throws above `states_max` worlds: what was not looked at is not said to hold.
 */
export function walk(
  start: World,
  rules: Rules,
  states_max: number,
  counts: (broken: string) => boolean = () => true,
): Walked {
  const keyOf = keyMaker();
  const worlds: (World | undefined)[] = [start];
  const numberOf = new Map([[keyOf(start), 0]]);
  const cameFrom: number[] = [-1];
  const cameBy: string[] = [''];
  const depths: number[] = [0];
  const ended: number[] = [];
  /** Steps that need no luck, as pairs from and to. */
  const sure: number[] = [];
  const edges = new Set<string>();
  let steps = 0;

  const trace = (at: number): string[] => {
    const labels: string[] = [];
    for (let each = at; each > 0; each = cameFrom[each] ?? 0) labels.unshift(cameBy[each] ?? '');
    return labels;
  };
  const found = (violation: Violation | null): Walked => ({
    states: worlds.length,
    steps,
    depth: depths.at(-1) ?? 0,
    edges,
    violation,
  });

  for (let at = 0; at < worlds.length; at += 1) {
    const world = worlds[at];
    if (!world) throw new Error('a world was looked at twice');
    if (isFinal(world.store)) ended.push(at);
    for (const step of stepsFrom(world, rules)) {
      steps += 1;
      const badStep = brokenBy(world, step);
      if (badStep !== null && counts(badStep))
        return found({ broken: badStep, trace: [...trace(at), step.label] });
      noteEdges(edges, world.store, step.world.store);
      const key = keyOf(step.world);
      let to = numberOf.get(key);
      if (to === undefined) {
        const broken = brokenIn(step.world);
        if (broken !== null && counts(broken))
          return found({ broken, trace: [...trace(at), step.label] });
        to = worlds.length;
        if (to >= states_max) throw new Error(`more than ${states_max} worlds`);
        numberOf.set(key, to);
        worlds.push(step.world);
        cameFrom.push(at);
        cameBy.push(step.label);
        depths.push((depths[at] ?? 0) + 1);
      }
      if (!step.isLuck) sure.push(at, to);
    }
    // Only its key is needed from here on.
    worlds[at] = undefined;
  }
  const stuck = firstWithoutEnd(worlds.length, ended, sure);
  return found(
    stuck === null || !counts(cannotEnd) ? null : { broken: cannotEnd, trace: trace(stuck) },
  );
}

function noteEdges(edges: Set<string>, was: Store, is: Store): void {
  if (was.chunk.state !== is.chunk.state) {
    edges.add(`chunk: ${was.chunk.state} → ${is.chunk.state}`);
  }
  if (was.attempts === is.attempts) return;
  for (const [at, { outcome }] of was.attempts.entries()) {
    const to = is.attempts[at]?.outcome;
    if (to !== undefined && to !== outcome) edges.add(`attempt: ${outcome} → ${to}`);
  }
}

/** The first state from which no row of sure steps leads to an end. */
function firstWithoutEnd(
  states: number,
  ended: readonly number[],
  sure: readonly number[],
): number | null {
  // The steps into each state, as one array with a range a state.
  const begins = new Int32Array(states + 1);
  for (let pair = 1; pair < sure.length; pair += 2) {
    const to = (sure[pair] ?? 0) + 1;
    begins[to] = (begins[to] ?? 0) + 1;
  }
  for (let state = 1; state <= states; state += 1) {
    begins[state] = (begins[state] ?? 0) + (begins[state - 1] ?? 0);
  }
  const sources = new Int32Array(sure.length / 2);
  const filled = begins.slice();
  for (let pair = 0; pair < sure.length; pair += 2) {
    const to = sure[pair + 1] ?? 0;
    const place = filled[to] ?? 0;
    sources[place] = sure[pair] ?? 0;
    filled[to] = place + 1;
  }
  const canEnd = new Uint8Array(states);
  const queue = [...ended];
  for (const state of queue) canEnd[state] = 1;
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (let place = begins[next] ?? 0; place < (begins[next + 1] ?? 0); place += 1) {
      const source = sources[place] ?? 0;
      if (canEnd[source] === 1) continue;
      canEnd[source] = 1;
      queue.push(source);
    }
  }
  const stuck = canEnd.indexOf(0);
  return stuck === -1 ? null : stuck;
}
