import type {
  AttemptOutcome,
  ChunkState,
  HeldDecision,
  HeldReason,
  ResultSemantics,
} from '@rollcall/domain';

/** More of the domain's words, written out as in words.ts. */
const chunkStateWords: Readonly<Record<ChunkState, true>> = {
  ready: true,
  submitting: true,
  polling: true,
  result_ready: true,
  ingesting: true,
  done: true,
  blocked: true,
  held: true,
  rejected: true,
  failed: true,
  cancelled: true,
  superseded: true,
};
const attemptOutcomeWords: Readonly<Record<AttemptOutcome, true>> = {
  intent: true,
  accepted: true,
  refused_free: true,
  not_sent: true,
  unknown: true,
  not_charged: true,
  written_off: true,
};
const heldReasonWords: Readonly<Record<HeldReason, true>> = {
  unknown: true,
  upstream_failed: true,
  poll: true,
  artifact: true,
};
const decisionWords: Readonly<Record<HeldDecision, true>> = {
  adopt: true,
  pay_again: true,
  keep_polling: true,
  replay: true,
  give_up: true,
};
const semanticsWords: Readonly<Record<ResultSemantics, true>> = {
  table: true,
  positives_only: true,
  negatives_only: true,
};

/** What a chunk in each state is doing. */
export const chunkStateMeanings: Readonly<Record<ChunkState, string>> = {
  ready: 'Waits to be sent.',
  submitting: 'Its upload is on the wire.',
  polling: 'The provider took it, and is asked how far it is.',
  result_ready: 'The provider has finished; the result is about to be fetched.',
  ingesting: 'Its result is fetched, checked and written.',
  done: 'Every number of it has its result.',
  blocked: 'Waits for a reason to go away, such as no balance.',
  held: 'Waits for a person to decide.',
  rejected: 'The provider refused it, for free.',
  failed: 'A person gave it up, or its task failed.',
  cancelled: 'It was not sent, because the job was cancelled.',
  superseded: 'Cut anew before it was sent.',
};

export const chunkStates = Object.keys(chunkStateWords) as ChunkState[];
export const attemptOutcomes = Object.keys(attemptOutcomeWords) as AttemptOutcome[];
export const heldReasons = Object.keys(heldReasonWords) as HeldReason[];
export const decisions = Object.keys(decisionWords) as HeldDecision[];
export const resultSemantics = Object.keys(semanticsWords) as ResultSemantics[];
