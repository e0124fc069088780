import { describe, expect, test } from 'vitest';
import {
  bucketRule,
  expectedOutcome,
  type Truth,
  truthRule,
  truths,
  undeterminedWords,
  verdictWord,
} from './truth.ts';

test('the rule is what the README says, so that others can compute it for themselves', () => {
  // The README's rule once more, in 64-bit integers instead of Math.imul.
  const bucket = (text: string) => {
    let hash = 0x811c9dc5n;
    for (const byte of Buffer.from(text)) hash = ((hash ^ BigInt(byte)) * 0x01000193n) % 2n ** 32n;
    hash = ((hash ^ (hash >> 16n)) * 0x85ebca6bn) % 2n ** 32n;
    hash = ((hash ^ (hash >> 13n)) * 0xc2b2ae35n) % 2n ** 32n;
    return Number((hash ^ (hash >> 16n)) % 10_000n);
  };
  for (const check of ['telegram', 'whatsapp', 'coinw']) {
    for (let digits = 447_911_000_000; digits < 447_911_000_500; digits += 1) {
      expect(bucketRule(check)(String(digits))).toBe(bucket(`${check}:${digits}`));
    }
  }
});

test('neighbouring numbers have the documented shares of each truth', () => {
  const counts = new Map<Truth, number>();
  const truthOf = truthRule('viber');
  const total = 100_000;
  for (let index = 0; index < total; index += 1) {
    const truth = truthOf(String(15_550_000_000 + index));
    counts.set(truth, (counts.get(truth) ?? 0) + 1);
  }
  const shares = {
    registered: 0.45,
    not_registered: 0.5,
    banned: 0.01,
    undetermined: 0.02,
    missing: 0.02,
  };
  for (const truth of truths) {
    expect((counts.get(truth) ?? 0) / total).toBeCloseTo(shares[truth], 2);
  }
});

test('checks are independent of each other', () => {
  const one = truthRule('telegram');
  const other = truthRule('twitter');
  const both = Array.from({ length: 10_000 }, (_unused, index) => String(447_911_000_000 + index));
  const agreeing = both.filter((digits) => one(digits) === other(digits)).length;
  // Independent: 0.45² + 0.5² + … = 0.453.
  expect(agreeing / both.length).toBeCloseTo(0.453, 1);
});

describe('what a reader must conclude', () => {
  test('everything, from a table that says ban', () => {
    for (const truth of truths) expect(expectedOutcome(truth, 'table_with_ban')).toBe(truth);
  });
  test('that a banned number is not registered, from a table without that word', () => {
    expect(expectedOutcome('banned', 'table')).toBe('not_registered');
    expect(expectedOutcome('missing', 'table')).toBe('missing');
  });
  test('only registered or not, from lists', () => {
    const from = (form: 'positives_only' | 'negatives_only') =>
      truths.map((truth) => expectedOutcome(truth, form));
    const no = 'not_registered';
    expect(from('positives_only')).toEqual(['registered', no, no, no, no]);
    expect(from('negatives_only')).toEqual(['registered', no, no, 'registered', 'registered']);
  });
});

test('an undetermined number has an odd word, never one that means something', () => {
  const words = new Set<string | undefined>();
  for (let digits = 1_000_000; digits < 1_001_000; digits += 1) {
    words.add(verdictWord('undetermined', true, String(digits)));
  }
  expect(words).toEqual(new Set(undeterminedWords));
  for (const word of ['yes', 'no', 'ban']) expect(words).not.toContain(word);
});
