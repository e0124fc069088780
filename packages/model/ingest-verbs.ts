import { ingestTriesMax } from '@rollcall/domain';
import { changeChunk, closeChunk, type Due, type Rules, type Store } from './store.ts';

/** The verbs of an ingest: packages/db/sql/{claim-ingest,leave-ingest,publish-results,sweep-due}.ts. */

export interface FileClaim {
  readonly attempt: number;
  readonly fence: number;
  /** Archived before: it is parsed again without a download. */
  readonly artifact: number | null;
  readonly tries: number;
  readonly locatorRefreshes: number;
}

/** Null: no result, or not yet. */
export function claimIngest(store: Store, lease: Due): FileClaim | null {
  const { chunk } = store;
  if (chunk.state !== 'result_ready' || chunk.due !== 'past' || chunk.attempt === null) return null;
  changeChunk(store, { state: 'ingesting', fence: chunk.fence + 1, due: lease });
  return {
    attempt: chunk.attempt,
    fence: chunk.fence + 1,
    artifact: chunk.artifact,
    tries: chunk.ingestTries,
    locatorRefreshes: chunk.locatorRefreshes,
  };
}

function stands({ chunk }: Store, { protections }: Rules, claim: FileClaim): boolean {
  const sameFence = chunk.fence === claim.fence || !protections.fenceOfIngests;
  return sameFence && chunk.state === 'ingesting';
}

/** Keeps a downloaded file; tied to the chunk only where the claim stands: null otherwise. */
export function recordArtifact(
  store: Store,
  rules: Rules,
  claim: FileClaim,
  task: string,
): number | null {
  const artifact = store.artifacts.length;
  if (!stands(store, rules, claim)) return null;
  store.artifacts = [...store.artifacts, { task, parseStarts: 0 }];
  changeChunk(store, { artifact });
  return artifact;
}

/** False: the claim was gone. */
export function countParseStart(
  store: Store,
  rules: Rules,
  claim: FileClaim,
  artifact: number,
): boolean {
  const parseStarts = (store.artifacts[artifact]?.parseStarts ?? 0) + 1;
  return setParseStarts(store, rules, claim, artifact, parseStarts);
}

/** False: the claim was gone. */
export function endParse(store: Store, rules: Rules, claim: FileClaim, artifact: number): boolean {
  return setParseStarts(store, rules, claim, artifact, 0);
}

function setParseStarts(
  store: Store,
  rules: Rules,
  claim: FileClaim,
  artifact: number,
  parseStarts: number,
): boolean {
  if (!stands(store, rules, claim)) return false;
  store.artifacts = store.artifacts.map((each, at) =>
    at === artifact ? { ...each, parseStarts } : each,
  );
  return true;
}

export type Leaving =
  | { readonly kind: 'retry'; readonly due: Due }
  /** No try is counted: what is in the way is no fault of the chunk. */
  | { readonly kind: 'wait'; readonly due: Due }
  | { readonly kind: 'refresh'; readonly due: Due }
  | { readonly kind: 'hold'; readonly reason: 'poll' | 'artifact' };

/** Ends a claim without rows. False: the claim was gone. */
export function leaveIngest(
  store: Store,
  rules: Rules,
  claim: FileClaim,
  artifact: number | null,
  leaving: Leaving,
): boolean {
  if (!stands(store, rules, claim)) return false;
  const { chunk } = store;
  switch (leaving.kind) {
    case 'retry':
    case 'wait':
      changeChunk(store, {
        state: 'result_ready',
        ingestTries: chunk.ingestTries + (leaving.kind === 'retry' ? 1 : 0),
        due: leaving.due,
      });
      return true;
    case 'refresh':
      changeChunk(store, {
        state: 'polling',
        hasLocator: false,
        locatorRefreshes: chunk.locatorRefreshes + 1,
        due: leaving.due,
      });
      return true;
    case 'hold':
      changeChunk(store, {
        state: 'held',
        reason: leaving.reason,
        due: null,
        artifact: artifact ?? chunk.artifact,
        fence: chunk.fence + 1,
      });
      return true;
  }
}

/** Writes the rows and closes the chunk. False: the claim was gone. */
export function publishResults(
  store: Store,
  rules: Rules,
  claim: FileClaim,
  artifact: number,
): boolean {
  if (stands(store, rules, claim)) {
    changeChunk(store, { state: 'done', due: null, artifact });
    closeChunk(store, 'answers');
    return true;
  }
  if (rules.protections.publishOnce) return false;
  store.rows = [...store.rows, 'answers'];
  return true;
}

/** The sweep: an ingest whose worker went silent is for another to take, and is held when it keeps failing. */
export function expireIngest(store: Store): boolean {
  const { chunk } = store;
  if (chunk.state !== 'ingesting' || chunk.due !== 'past') return false;
  const ingestTries = chunk.ingestTries + 1;
  const fence = chunk.fence + 1;
  if (ingestTries >= ingestTriesMax) {
    changeChunk(store, { state: 'held', reason: 'artifact', due: null, ingestTries, fence });
  } else {
    changeChunk(store, { state: 'result_ready', due: 'past', ingestTries, fence });
  }
  return true;
}
