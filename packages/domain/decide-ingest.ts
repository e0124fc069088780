import { backoff_ms } from './backoff.ts';
import type { ResultSemantics } from './outcome.ts';
import type { DownloadAnswer } from './provider-answer.ts';
import type { ReconciliationCounts } from './reconciliation.ts';

/** The ingest stage decides twice: what a download makes of the chunk, and whether the parsed file is its answer. */

export interface DownloadFacts {
  readonly now_ms: number;
  readonly random: number;
  readonly tries: number;
  readonly locatorRefreshes: number;
}

export type DownloadDecision =
  | { readonly kind: 'parse' }
  | { readonly kind: 'retry'; readonly due_ms: number }
  /** Poll again for a fresh locator. */
  | { readonly kind: 'refresh'; readonly due_ms: number }
  | { readonly kind: 'hold'; readonly reason: 'poll' | 'artifact'; readonly code: string };

/** Fresh URLs asked for, and broken downloads, before the chunk is held. Its result is paid for: be patient. */
export const locatorRefreshesMax = 5;
export const ingestTriesMax = 8;
const downloadWait = { floor_ms: 2_000, ceiling_ms: 300_000 };

/** An artifact whose parser died this often is suspect: it is held, and its neighbours go on. */
export const parserDeathsMax = 2;

export function decideDownload(answer: DownloadAnswer, facts: DownloadFacts): DownloadDecision {
  const wait_ms = backoff_ms(facts.tries, downloadWait, facts.random);
  switch (answer.kind) {
    case 'downloaded':
      return { kind: 'parse' };
    case 'expired':
      return facts.locatorRefreshes >= locatorRefreshesMax
        ? { kind: 'hold', reason: 'poll', code: 'no_fresh_url' }
        : { kind: 'refresh', due_ms: facts.now_ms + wait_ms };
    case 'forbidden_url':
      return { kind: 'hold', reason: 'artifact', code: `forbidden_url: ${answer.reason}` };
    case 'too_large':
      return { kind: 'hold', reason: 'artifact', code: 'too_large' };
    case 'failed':
      return facts.tries + 1 >= ingestTriesMax
        ? { kind: 'hold', reason: 'artifact', code: `download_${answer.failure}` }
        : { kind: 'retry', due_ms: facts.now_ms + Math.max(wait_ms, answer.retryAfter_ms ?? 0) };
  }
}

export interface ParsedFacts {
  /** `unreadable` with its code, or what the reader counted. */
  readonly read: { readonly kind: 'unreadable'; readonly code: string } | { readonly kind: 'read' };
  /** Rows whose number cell held no number. */
  readonly unreadableRows: number;
  /** Bare text whose last record has no line end: whole, or cut within its last number. */
  readonly endsOpen: boolean;
  readonly counts: ReconciliationCounts;
  readonly semantics: ResultSemantics;
  readonly semanticsConfirmed: boolean;
  readonly numbers: number;
  /** Of a retry: numbers of the chunk that were missing before, whose absence is no news. */
  readonly missingBefore: number;
  /** The provider's own last counts: hints. `filtered` is Webcom's count of the numbers in its file. */
  readonly total: number | null;
  readonly filtered: number | null;
}

/** What a chunk is held for whose file waits for nothing but a person's word on what such files mean. */
export const semanticsUnconfirmed = 'semantics_unconfirmed';

export type ParsedDecision =
  | { readonly kind: 'publish' }
  | {
      readonly kind: 'hold';
      readonly verdict: 'unreadable' | 'mismatch' | 'unconfirmed';
      readonly code: string;
    };

/**
 * How many numbers of a chunk may be without a row, or rows without a number of the chunk, before the file is in doubt:
 * a tenth, but at least 5, since the smallest chunk has one number. A bare text or csv file has no end mark, so a file
 * cut between two rows shows in the count and nowhere else.
 */
const slackOf = (numbers: number): number => Math.max(5, Math.floor(numbers / 10));

export function decideParsed(facts: ParsedFacts): ParsedDecision {
  const { counts, semantics } = facts;
  // A list of nothing is an empty file; believed only where the provider itself counted nothing.
  const emptyList =
    facts.read.kind === 'unreadable' &&
    facts.read.code === 'empty' &&
    semantics !== 'table' &&
    facts.filtered === 0;
  if (facts.read.kind === 'unreadable' && !emptyList) {
    return { kind: 'hold', verdict: 'unreadable', code: facts.read.code };
  }
  const slack = slackOf(facts.numbers);
  if (counts.foreign > slack || (counts.matched === 0 && counts.foreign > 0)) {
    return { kind: 'hold', verdict: 'mismatch', code: 'not_this_chunk' };
  }
  if (facts.endsOpen && counts.foreign > 0) {
    return { kind: 'hold', verdict: 'mismatch', code: 'cut' };
  }
  if (semantics === 'table') {
    // The provider's own count may be lower, since it drops what it calls invalid. It is a hint: it excuses half of a chunk at most.
    const told = facts.total !== null && facts.total > 0 ? facts.total : facts.numbers;
    const expected = Math.min(
      facts.numbers - facts.missingBefore,
      Math.max(told, facts.numbers / 2),
    );
    const saysNothing = counts.matched === 0 && facts.unreadableRows > 0;
    const isShort = expected - counts.matched > slackOf(expected);
    if (isShort || saysNothing || facts.unreadableRows > slack) {
      return { kind: 'hold', verdict: 'mismatch', code: 'count_in_doubt' };
    }
    return { kind: 'publish' };
  }
  // In a list, absence is an answer: one row that we cannot place would be a wrong answer somewhere. A digit that was damaged leaves the count as it
  // was, a number of nobody's, and one of ours that seems to be absent.
  if (facts.unreadableRows > 0 || counts.foreign > 0) {
    return { kind: 'hold', verdict: 'mismatch', code: 'count_in_doubt' };
  }
  if (
    facts.filtered !== null &&
    facts.filtered !== counts.matched + counts.foreign + (counts.erased ?? 0)
  ) {
    return { kind: 'hold', verdict: 'mismatch', code: 'filtered_count_differs' };
  }
  // A table says in its header what it means; a bare list does not, so a person looks at the first one.
  if (!facts.semanticsConfirmed) {
    return { kind: 'hold', verdict: 'unconfirmed', code: semanticsUnconfirmed };
  }
  return { kind: 'publish' };
}
