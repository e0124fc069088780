import { pointsWhere } from './worker-crash-points.ts';
import type { StepName } from './worker-places.ts';

/** Where a step can die. */
export function pointsOf(step: StepName): readonly string[] {
  return pointsWhere(({ steps }) => steps.includes(step));
}

/** What a step passes only when something is wrong; a fault must have been scripted for it. */
export function rarePointsOf(step: StepName): readonly string[] {
  return pointsWhere(({ rarelyIn }) => rarelyIn === step);
}
