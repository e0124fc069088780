import type { ChunkState, HeldReason } from './chunk.ts';
import { decisionsFor } from './decide-held.ts';

/**
 * Reading a kept result file again, for free: `compare` shows what its rows would be now, `correct` replaces the rows of a chunk
 * that is done, `release` lets a held chunk go on with the file that it was held for.
 */
export const replayModes = ['compare', 'correct', 'release'] as const;
export type ReplayMode = (typeof replayModes)[number];

/** A file that kills its reader, or cannot be read for a reason of ours, is not tried without end. */
export const replayTriesMax = 3;

export interface ReplayFacts {
  readonly state: ChunkState;
  readonly heldReason: HeldReason | null;
  /** Whether a result file ever came. */
  readonly hasArtifact: boolean;
  /** Whether its bytes are still kept. */
  readonly isKept: boolean;
  /** Whether rows are to be changed, or only compared. */
  readonly apply: boolean;
}

export type ReplayDecision =
  | { readonly kind: 'replay'; readonly mode: ReplayMode }
  | {
      readonly kind: 'refuse';
      readonly code: 'chunk_without_result' | 'artifact_gone' | 'chunk_not_replayable';
    };

/** What becomes of the wish to read a chunk's file again. A chunk that was given up is compared only: its rows say that nobody answered. */
export function decideReplay(facts: ReplayFacts): ReplayDecision {
  const { state, heldReason, apply } = facts;
  if (!facts.hasArtifact) return { kind: 'refuse', code: 'chunk_without_result' };
  if (!facts.isKept) return { kind: 'refuse', code: 'artifact_gone' };
  if (state === 'done') return { kind: 'replay', mode: apply ? 'correct' : 'compare' };
  if (state === 'held' && !apply) return { kind: 'replay', mode: 'compare' };
  if (state === 'held' && heldReason !== null && decisionsFor[heldReason].includes('replay')) {
    return { kind: 'replay', mode: 'release' };
  }
  if (state === 'failed' && !apply) return { kind: 'replay', mode: 'compare' };
  return { kind: 'refuse', code: 'chunk_not_replayable' };
}
