import { crashPoints } from '@rollcall/crash-points';

/** Where a worker can die: what it does in a storm, without what only the API, the operator or tests do. */
export const workerCrashPoints: readonly string[] = crashPoints.filter(
  (point) =>
    /^(?:accounts\.sync|plan|submit|poll|ingest|sweep)\b/.test(point) &&
    !/sweep\.(?:prune|analyse)/.test(point),
);
