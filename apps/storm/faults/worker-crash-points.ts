import { crashPoints } from '@rollcall/crash-points';

/** Where a worker can die: what it does in a storm, without what only the API, the operator or tests do. Nobody asks for a replay in a storm. */
export const workerCrashPoints: readonly string[] = crashPoints.filter(
  (point) =>
    /^(?:accounts\.sync|plan|submit|poll|ingest|lease|ring\.next_ready|ring:after|sweep)\b/.test(
      point,
    ) && !/sweep\.(?:prune|analyse)/.test(point),
);

/** Those on the way of every chunk; the others want a fault, or a job's first moment, before anybody comes by. */
export const travelledCrashPoints: readonly string[] = workerCrashPoints.filter(
  (point) =>
    !/accounts\.sync|plan\.job|reserve_request|lease\.extend|balance|release_unsent|pause_account|ingest\.leave|keep_evidence/.test(
      point,
    ),
);
