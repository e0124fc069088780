/** What a number really is for a check. `missing`: the vendor's table has no row for it. */
export const truths = [
  'registered',
  'not_registered',
  'banned',
  'undetermined',
  'missing',
] as const;
export type Truth = (typeof truths)[number];

/** What a result file can express; see `expectedOutcome`. */
export const reportForms = ['table', 'table_with_ban', 'positives_only', 'negatives_only'] as const;
export type ReportForm = (typeof reportForms)[number];

const offsetBasis = 0x811c9dc5;
const prime = 0x01000193;

function fold(state: number, text: string): number {
  let hash = state;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), prime);
  }
  return hash;
}

function finish(state: number): number {
  let hash = state;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * A number's bucket, 0..9999: FNV-1a (32 bits) over the ASCII text `<check>:<digits>`, the digits without `+`, then the
 * finalizer of MurmurHash3 (FNV alone leaves neighbouring numbers in neighbouring buckets), then modulo 10,000.
 */
export function bucketRule(check: string): (digits: string) => number {
  const prefix = fold(offsetBasis, `${check}:`);
  return (digits) => finish(fold(prefix, digits)) % 10_000;
}

/**
 * The ground truth of a check: 45 % registered, 50 % not registered, 1 % banned, 2 % undetermined, 2 % missing, by the
 * number's bucket. The same number has the same truth at every vendor that offers the check.
 */
export function truthRule(check: string): (digits: string) => Truth {
  const bucketOf = bucketRule(check);
  return (digits) => {
    const bucket = bucketOf(digits);
    if (bucket < 4_500) return 'registered';
    if (bucket < 9_500) return 'not_registered';
    if (bucket < 9_600) return 'banned';
    if (bucket < 9_800) return 'undetermined';
    return 'missing';
  };
}

/**
 * What a correct reader must conclude from an undamaged result file. A table without the word `ban` says `no` of a banned
 * number. A list of positives holds the registered only, so everything else reads as not registered; a list of
 * negatives holds the not registered and the banned, so everything else reads as registered.
 */
export function expectedOutcome(truth: Truth, form: ReportForm): Truth {
  switch (form) {
    case 'table_with_ban':
      return truth;
    case 'table':
      return truth === 'banned' ? 'not_registered' : truth;
    case 'positives_only':
      return truth === 'registered' ? 'registered' : 'not_registered';
    case 'negatives_only':
      return truth === 'not_registered' || truth === 'banned' ? 'not_registered' : 'registered';
  }
}

/** Words that vendors were seen to write where no answer was found; a reader may take none of them for `no`. */
export const undeterminedWords = ['unknown', 'error', '', 'null', 'timeout', '-'] as const;

/** The word in the verdict column, or `undefined` when the number has no row. */
export function verdictWord(truth: Truth, saysBan: boolean, digits: string): string | undefined {
  switch (truth) {
    case 'registered':
      return 'yes';
    case 'not_registered':
      return 'no';
    case 'banned':
      return saysBan ? 'ban' : 'no';
    case 'undetermined':
      return undeterminedWords[finish(fold(offsetBasis, digits)) % undeterminedWords.length];
    case 'missing':
      return undefined;
  }
}
