import { type Backoff, type Progress, shareDone } from './backoff.ts';
import { nextLook_ms } from './next-look.ts';
import { type BeliefPart, durationBelief, type TaskPace } from './task-pace.ts';

/** Spread of what a provider's counter foretells: it begins late, and it is a hint; the nearer the end, the better it knows. */
const counterSpread = { atStart: 0.35, atEnd: 0.03 };

/** The wait before the first poll of a task that was just accepted: never below the floor, never above the ceiling. */
export function firstWait_ms(pace: TaskPace | null, numbers: number, bounds: Backoff): number {
  if (!pace) return bounds.floor_ms;
  return lookAfter(durationBelief(pace, numbers), 0, bounds);
}

/** The wait before the next poll of a task like others that were seen to end. While the provider's counter moves, it has half a say. */
export function pacedWait_ms(
  pace: TaskPace,
  numbers: number,
  progress: Progress,
  bounds: Backoff,
): number {
  const learned = durationBelief(pace, numbers);
  const elapsed_ms = Math.max(0, progress.elapsed_ms);
  const share = shareDone(progress);
  if (share === null) return lookAfter(learned, elapsed_ms, bounds);
  const { atStart, atEnd } = counterSpread;
  const counted: BeliefPart = {
    weight: 0.5,
    mean: Math.log(elapsed_ms / share),
    variance: (atStart * (1 - share) + atEnd) ** 2,
  };
  const halved = learned.map((part) => ({ ...part, weight: part.weight / 2 }));
  return lookAfter([...halved, counted], elapsed_ms, bounds);
}

/** When to look at a task that waits for a look at `due_ms`, now that more is known: never later. Times from its acceptance. */
export function soonerLook_ms(
  pace: TaskPace,
  numbers: number,
  { seen_ms, elapsed_ms, due_ms }: Readonly<Record<'seen_ms' | 'elapsed_ms' | 'due_ms', number>>,
): number {
  const look_ms = nextLook_ms({
    belief: durationBelief(pace, numbers),
    seen_ms: Math.max(0, seen_ms),
    earliest_ms: elapsed_ms,
    latest_ms: due_ms,
    floor_ms: 0,
  });
  return Math.min(look_ms, due_ms);
}

function lookAfter(
  belief: readonly BeliefPart[],
  elapsed_ms: number,
  { floor_ms, ceiling_ms }: Backoff,
): number {
  const look_ms = nextLook_ms({
    belief,
    seen_ms: elapsed_ms,
    earliest_ms: elapsed_ms + floor_ms,
    latest_ms: elapsed_ms + ceiling_ms,
    floor_ms,
  });
  return Math.min(Math.max(Math.round(look_ms - elapsed_ms), floor_ms), ceiling_ms);
}
