import { type Normal, truncated } from './normal-distribution.ts';

/**
 * How long a provider takes for a task, learned from the tasks that it finished: the logarithm of milliseconds per number, per account, check and size of
 * task. Nobody tells when a task ended, only that it had not at one look and had at the next, so that an interval is learned, never a moment.
 */

/** A pace that tasks were seen to have. */
export interface PaceMode extends Normal {
  /** How many tasks it was learned from, at most `memory`: older ones count less and less. */
  readonly tasks: number;
}

export interface TaskPace {
  readonly main: PaceMode;
  /** Another pace that was seen lately: the provider may have become faster or slower, or one task was odd. */
  readonly other: PaceMode | null;
  /** How likely the next task has the main one. 1 where there is no other. */
  readonly mainWeight: number;
}

/** What was learned of one size of task. */
export interface LearnedPace extends TaskPace {
  readonly sizeClass: number;
  /** The last change of pace that tasks of this size have shown, as a difference of logarithms, and when. */
  readonly shift: { readonly by: number; readonly at_ms: number } | null;
  readonly learnedAt_ms: number;
}

/** When a task ended, as far as looks can tell: after one moment and no later than another, from its acceptance. */
export interface EndedBetween {
  readonly after_ms: number;
  readonly until_ms: number;
}

/** A part of a belief about the logarithm of a task's duration in milliseconds. */
export interface BeliefPart extends Normal {
  readonly weight: number;
}

/** Tasks after which an older one counts for less than a twelfth: a slow drift is followed, an odd task is not. */
const memory = 12;
/** No task is foreseen better than to 1 %: looks are made at ticks of half a second, and answers take their time. */
const leastSpread = 0.01;
/** Spread of a pace that one task was seen to have, on top of what its looks leave open; it goes with the square of what is seen. */
const firstSpread = 0.2;
/** How likely a task's duration has nothing to do with what was learned, and how far off it then is: 1.2 is a factor of 3.3. */
const oddShare = 0.03;
const oddSpread = 1.2;
/** How likely the pace changes from one task to the next, to the other one that is known. */
const switchShare = 0.03;
/** An other pace less likely than this is forgotten. */
const forgottenShare = 0.05;
/** What a task of a size that nobody has seen may differ by, for each doubling away from one that was seen. */
const spreadPerDoubling = 0.15;
/** Of a task that was over at its first look nothing says when it began to be: taken as up to this much earlier, as a logarithm. */
const widestInterval = 2;
/** A change of pace that is worth telling the other sizes of. */
const leastShift = 0.25;

/** Sizes of task that are learned together: each twice as large as the one before. */
export function sizeClassOf(numbers: number): number {
  return Math.floor(Math.log2(Math.max(1, numbers)));
}

/** What is believed of tasks of a size: its own pace, else that of the nearest size; with a change that others have shown since. */
export function paceOf(learned: readonly LearnedPace[], sizeClass: number): TaskPace | null {
  const away = (each: LearnedPace) => Math.abs(each.sizeClass - sizeClass);
  const [nearest] = learned.toSorted(
    (a, b) => away(a) - away(b) || b.learnedAt_ms - a.learnedAt_ms,
  );
  if (!nearest) return null;
  const doublings = away(nearest);
  const lend = (mode: PaceMode): PaceMode => ({
    mean: mode.mean,
    variance: mode.variance + (spreadPerDoubling * doublings) ** 2,
    tasks: Math.min(mode.tasks, 2),
  });
  const own: TaskPace =
    doublings === 0
      ? nearest
      : {
          main: lend(nearest.main),
          other: nearest.other && lend(nearest.other),
          mainWeight: nearest.mainWeight,
        };
  const [latest] = learned
    .flatMap(({ shift }) => (shift && shift.at_ms > nearest.learnedAt_ms ? [shift] : []))
    .toSorted((a, b) => b.at_ms - a.at_ms);
  if (!latest || own.other) return own;
  const { mean, variance } = own.main;
  return {
    main: own.main,
    other: { mean: mean + latest.by, variance, tasks: 2 },
    mainWeight: 0.5,
  };
}

/** The duration of a task of so many numbers; the last part is for what has nothing to do with what was learned. */
export function durationBelief(pace: TaskPace, numbers: number): readonly BeliefPart[] {
  const size = Math.log(Math.max(1, numbers));
  return partsOf(pace).map(({ mean, variance, weight }) => ({
    mean: mean + size,
    variance,
    weight,
  }));
}

function partsOf({ main, other, mainWeight }: TaskPace): readonly BeliefPart[] {
  const known = 1 - oddShare;
  const odd: BeliefPart = { mean: main.mean, variance: oddSpread ** 2, weight: oddShare };
  const first = { ...predicted(main), weight: known * (other ? mainWeight : 1) };
  return other
    ? [first, { ...predicted(other), weight: known * (1 - mainWeight) }, odd]
    : [first, odd];
}

/** Of the next task: how tasks differ, and how little is known of their mean yet. */
function predicted({ mean, variance, tasks }: PaceMode): Normal {
  return {
    mean,
    variance: variance * (1 + 1 / tasks) + (firstSpread / tasks) ** 2 + leastSpread ** 2,
  };
}

export interface Learned {
  readonly pace: TaskPace;
  /** By how much the pace turned out to have changed, as a difference of logarithms; null where it has not. */
  readonly shift: number | null;
}

/** What is believed after one more task has ended; null where its looks say nothing. */
export function learnPace(
  pace: TaskPace | null,
  numbers: number,
  ended: EndedBetween,
): Learned | null {
  if (!(ended.until_ms > 0) || !(ended.after_ms < ended.until_ms)) return null;
  const size = Math.log(Math.max(1, numbers));
  const until = Math.log(ended.until_ms) - size;
  const after = ended.after_ms > 0 ? Math.log(ended.after_ms) - size : Number.NEGATIVE_INFINITY;
  if (!pace) return { pace: only(seenBetween(after, until)), shift: null };
  const explained = partsOf(pace).map((part) => {
    const within = truncated(part, after, until);
    return { within, share: part.weight * (within?.weight ?? 0) };
  });
  const total = explained.reduce((sum, { share }) => sum + share, 0);
  const odd = explained.at(-1);
  if (total === 0 || (odd && odd.share > total / 2)) return surprised(pace, after, until);
  const known = total - (odd?.share ?? 0);
  const [first, second] = explained;
  const main = moved(pace.main, first?.within ?? null, (first?.share ?? 0) / known);
  if (!pace.other) return { pace: only(main), shift: null };
  const other = moved(pace.other, second?.within ?? null, (second?.share ?? 0) / known);
  const mainWeight = switchShare + (1 - 2 * switchShare) * ((first?.share ?? 0) / known);
  return { pace: ordered(main, other, mainWeight), shift: shiftOf(pace, main, other, mainWeight) };
}

function shiftOf(
  before: TaskPace,
  main: PaceMode,
  other: PaceMode,
  mainWeight: number,
): number | null {
  const by = other.mean - main.mean;
  const turned = mainWeight < 0.5 && before.mainWeight >= 0.5;
  return turned && Math.abs(by) >= leastShift ? by : null;
}

/** What nothing explains is a pace of its own from now on, as likely as what was believed before. */
function surprised(pace: TaskPace, after: number, until: number): Learned {
  const other = seenBetween(after, until);
  const by = other.mean - pace.main.mean;
  return {
    pace: { main: pace.main, other, mainWeight: 0.5 },
    shift: Math.abs(by) >= leastShift ? by : null,
  };
}

function seenBetween(after: number, until: number): PaceMode {
  const width = Math.min(until - after, widestInterval);
  return { mean: until - width / 2, variance: width ** 2 / 12, tasks: 1 };
}

function moved(mode: PaceMode, seen: Normal | null, share: number): PaceMode {
  if (!seen || share <= 0) return mode;
  const tasks = Math.min(mode.tasks + share, memory);
  const gain = share / tasks;
  const by = seen.mean - mode.mean;
  return {
    tasks,
    mean: mode.mean + gain * by,
    variance: (1 - gain) * (mode.variance + gain * by * by) + gain * seen.variance,
  };
}

function only(main: PaceMode): TaskPace {
  return { main, other: null, mainWeight: 1 };
}

function ordered(main: PaceMode, other: PaceMode, mainWeight: number): TaskPace {
  if (mainWeight < 0.5) return ordered(other, main, 1 - mainWeight);
  return 1 - mainWeight < forgottenShare ? only(main) : { main, other, mainWeight };
}
