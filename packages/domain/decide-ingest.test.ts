import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DownloadFacts,
  decideDownload,
  decideParsed,
  ingestTriesMax,
  locatorRefreshesMax,
  type ParsedFacts,
} from './decide-ingest.ts';
import type { DownloadAnswer } from './provider-answer.ts';
import { sampleEvidence } from './test-values.ts';

const evidence = { ...sampleEvidence, operation: 'download' } as const;
const now_ms = 5_000_000;
const facts: DownloadFacts = { now_ms, random: 0.5, tries: 0, locatorRefreshes: 0 };

describe('decideDownload', () => {
  const failed = (retryAfter_ms: number | null = null): DownloadAnswer => ({
    kind: 'failed',
    failure: 'cut',
    retryAfter_ms,
    evidence,
  });
  const expired: DownloadAnswer = { kind: 'expired', evidence };

  test('what was downloaded is parsed, however many tries it took', () => {
    const downloaded: DownloadAnswer = { kind: 'downloaded', byteCount: 9, headers: {}, evidence };
    expect(decideDownload(downloaded, { ...facts, tries: 99, locatorRefreshes: 99 })).toEqual({
      kind: 'parse',
    });
  });

  test('an expired URL is asked for anew, five times', () => {
    expect(decideDownload(expired, facts)).toEqual({ kind: 'refresh', due_ms: now_ms + 2_000 });
    expect(
      decideDownload(expired, { ...facts, locatorRefreshes: locatorRefreshesMax - 1 }).kind,
    ).toBe('refresh');
    expect(decideDownload(expired, { ...facts, locatorRefreshes: locatorRefreshesMax })).toEqual({
      kind: 'hold',
      reason: 'poll',
      code: 'no_fresh_url',
    });
  });

  test('a broken download is tried again, eight times in all, waiting as the server asks', () => {
    expect(decideDownload(failed(), facts)).toEqual({ kind: 'retry', due_ms: now_ms + 2_000 });
    expect(decideDownload(failed(60_000), facts)).toEqual({
      kind: 'retry',
      due_ms: now_ms + 60_000,
    });
    expect(decideDownload(failed(), { ...facts, tries: ingestTriesMax - 2 }).kind).toBe('retry');
    expect(decideDownload(failed(), { ...facts, tries: ingestTriesMax - 1 })).toEqual({
      kind: 'hold',
      reason: 'artifact',
      code: 'download_cut',
    });
  });

  test.each<{ answer: DownloadAnswer; code: string }>([
    {
      answer: { kind: 'forbidden_url', reason: 'private_address', evidence },
      code: 'forbidden_url: private_address',
    },
    { answer: { kind: 'too_large', limit_bytes: 10, evidence }, code: 'too_large' },
  ])('$answer.kind is held at once: another try would bring the same', ({ answer, code }) => {
    expect(decideDownload(answer, facts)).toEqual({ kind: 'hold', reason: 'artifact', code });
  });
});

describe('decideParsed', () => {
  const whole: ParsedFacts = {
    read: { kind: 'read' },
    unreadableRows: 0,
    endsOpen: false,
    counts: { rows: 100, matched: 100, missing: 0, foreign: 0, doubled: 0, contradictory: 0 },
    semantics: 'table',
    semanticsConfirmed: true,
    numbers: 100,
    missingBefore: 0,
    total: 100,
    filtered: null,
  };
  const list: ParsedFacts = {
    ...whole,
    semantics: 'positives_only',
    counts: { ...whole.counts, rows: 40, matched: 40, missing: 60 },
    filtered: 40,
  };
  const emptyFile = { kind: 'unreadable', code: 'empty' } as const;
  const noRows = { rows: 0, matched: 0, missing: 100, foreign: 0, doubled: 0, contradictory: 0 };
  const held = (verdict: string, code: string) => ({ kind: 'hold', verdict, code });
  const publish = { kind: 'publish' };

  test.each<{ what: string; facts: ParsedFacts; decided: unknown }>([
    { what: 'a table with every number', facts: whole, decided: publish },
    {
      what: 'a table that lacks a tenth',
      facts: { ...whole, counts: { ...whole.counts, matched: 90, missing: 10 } },
      decided: publish,
    },
    {
      what: 'a table that lacks more than a tenth',
      facts: { ...whole, counts: { ...whole.counts, matched: 89, missing: 11 } },
      decided: held('mismatch', 'count_in_doubt'),
    },
    {
      what: 'a table as short as the provider itself counted',
      facts: { ...whole, total: 50, counts: { ...whole.counts, matched: 50, missing: 50 } },
      decided: publish,
    },
    {
      what: 'a provider’s total of next to nothing, and no rows',
      facts: { ...whole, total: 3, counts: noRows },
      decided: held('mismatch', 'count_in_doubt'),
    },
    {
      what: 'a provider’s total above what was sent excuses nothing',
      facts: { ...whole, total: 20_000, counts: { ...whole.counts, matched: 50, missing: 50 } },
      decided: held('mismatch', 'count_in_doubt'),
    },
    {
      what: 'a provider’s total of 0 excuses nothing',
      facts: { ...whole, total: 0, counts: noRows },
      decided: held('mismatch', 'count_in_doubt'),
    },
    {
      what: 'a retry’s table without any of the numbers that were missing before',
      facts: { ...whole, missingBefore: 95, counts: { ...whole.counts, matched: 5, missing: 95 } },
      decided: publish,
    },
    {
      what: 'a retry’s table that lacks a tenth of the others too',
      facts: { ...whole, missingBefore: 40, counts: { ...whole.counts, matched: 53, missing: 47 } },
      decided: held('mismatch', 'count_in_doubt'),
    },
    {
      what: 'a provider’s total that leaves out what was missing before excuses nothing twice',
      facts: {
        ...whole,
        missingBefore: 40,
        total: 60,
        counts: { ...whole.counts, matched: 40, missing: 60 },
      },
      decided: held('mismatch', 'count_in_doubt'),
    },
    {
      what: 'a table with a tenth of foreign rows',
      facts: { ...whole, counts: { ...whole.counts, foreign: 10 } },
      decided: publish,
    },
    {
      what: 'a table with more foreign rows',
      facts: { ...whole, counts: { ...whole.counts, foreign: 11 } },
      decided: held('mismatch', 'not_this_chunk'),
    },
    {
      what: 'a table of one row without a number, and nothing of ours',
      facts: {
        ...whole,
        numbers: 1,
        total: 1,
        unreadableRows: 1,
        counts: { ...noRows, rows: 1, missing: 1 },
      },
      decided: held('mismatch', 'count_in_doubt'),
    },
    {
      what: 'a file of one foreign row and nothing of ours',
      facts: { ...whole, numbers: 1, counts: { ...noRows, rows: 1, foreign: 1 } },
      decided: held('mismatch', 'not_this_chunk'),
    },
    {
      what: 'a table with many rows that hold no number',
      facts: { ...whole, unreadableRows: 11 },
      decided: held('mismatch', 'count_in_doubt'),
    },
    {
      what: 'an unreadable file',
      facts: { ...whole, read: { kind: 'unreadable', code: 'html' } },
      decided: held('unreadable', 'html'),
    },
    {
      what: 'an empty table',
      facts: { ...whole, read: emptyFile, counts: noRows, filtered: 0 },
      decided: held('unreadable', 'empty'),
    },
    { what: 'a list of as many as the provider says', facts: list, decided: publish },
    {
      what: 'a list whose provider says no count',
      facts: { ...list, filtered: null },
      decided: publish,
    },
    {
      what: 'a list of fewer than the provider says',
      facts: { ...list, filtered: 41 },
      decided: held('mismatch', 'filtered_count_differs'),
    },
    {
      what: 'a list with a row that holds no number',
      facts: { ...list, unreadableRows: 1 },
      decided: held('mismatch', 'count_in_doubt'),
    },
    {
      what: 'a list with one row that is no number of the chunk, and one row too few',
      facts: { ...list, counts: { ...list.counts, matched: 39, foreign: 1 } },
      decided: held('mismatch', 'count_in_doubt'),
    },
    {
      what: 'a list that ends in the middle of a foreign number',
      facts: { ...list, endsOpen: true, counts: { ...list.counts, matched: 39, foreign: 1 } },
      decided: held('mismatch', 'cut'),
    },
    {
      what: 'a list that ends without a line end, in a number of ours',
      facts: { ...list, endsOpen: true },
      decided: publish,
    },
    {
      what: 'an empty list where the provider counted nothing',
      facts: { ...list, read: emptyFile, counts: noRows, filtered: 0 },
      decided: publish,
    },
    {
      what: 'an empty list where the provider counted something',
      facts: { ...list, read: emptyFile, counts: noRows, filtered: 3 },
      decided: held('unreadable', 'empty'),
    },
    {
      what: 'an empty list where the provider told no count',
      facts: { ...list, read: emptyFile, counts: noRows, filtered: null },
      decided: held('unreadable', 'empty'),
    },
    {
      what: 'a list of an account whose lists nobody has looked at',
      facts: { ...list, semanticsConfirmed: false },
      decided: held('unconfirmed', 'semantics_unconfirmed'),
    },
    {
      what: 'a table of an account that nobody has looked at: its header says what it means',
      facts: { ...whole, semanticsConfirmed: false },
      decided: publish,
    },
  ])('$what', ({ facts: parsed, decided }) => {
    expect(decideParsed(parsed)).toEqual(decided);
  });

  test('what is unreadable is never published but as the empty list that the provider counted', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('empty', 'html', 'cut', 'crc', 'too_many_members'),
        fc.constantFrom('table', 'positives_only', 'negatives_only'),
        fc.option(fc.nat(3)),
        fc.boolean(),
        (code, semantics, filtered, semanticsConfirmed) => {
          const decision = decideParsed({
            ...whole,
            read: { kind: 'unreadable', code },
            counts: noRows,
            semantics,
            filtered,
            semanticsConfirmed,
          });
          return (
            decision.kind === 'hold' ||
            (code === 'empty' && semantics !== 'table' && filtered === 0 && semanticsConfirmed)
          );
        },
      ),
    );
  });
});
