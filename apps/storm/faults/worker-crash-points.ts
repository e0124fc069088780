import { type CrashPoint, crashPoints, placeOf } from '@rollcall/crash-points';
import { workerPlaces } from './worker-places.ts';

/** The points of the places that are meant, in the order of the closed list. */
export function pointsWhere(
  isMeant: (place: (typeof workerPlaces)[keyof typeof workerPlaces]) => boolean,
): readonly CrashPoint[] {
  const meant = new Set<string>(
    Object.entries(workerPlaces).flatMap(([name, place]) => (isMeant(place) ? name : [])),
  );
  return crashPoints.filter((point) => meant.has(placeOf(point) ?? ''));
}

/** Where a worker can die: what it does in a storm, without what only the API, the operator or tests do. */
export const workerCrashPoints = pointsWhere(({ met }) => met !== 'never');

/** Those on the way of the chunks; the others want a fault, or a job's first moment, before anybody comes by. */
export const travelledCrashPoints = pointsWhere(({ met }) => met === 'mostly');
