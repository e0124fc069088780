import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BatchBounds } from './batch-bounds.ts';
import { decodeBatch, encodeBatch } from './batch-message.ts';
import type { ResultBatch } from './result-batch.ts';

const anyText = fc.string({ unit: 'grapheme', maxLength: 12 });
const attributes = fc.option(
  fc.dictionary(
    anyText.filter((name) => name !== '__proto__'),
    anyText.filter((value) => value !== ''),
    { noNullPrototype: true, maxKeys: 4, minKeys: 1 },
  ),
);
const rows = fc.record({
  number: fc.oneof(fc.constant(Number.NaN), fc.integer({ min: 1e6, max: 999_999_999_999_999 })),
  verdict: fc.integer({ min: 0, max: 3 }),
  attributes,
});
const batches = fc.tuple(fc.array(rows, { minLength: 1, maxLength: 40 }), fc.boolean()).map(
  ([all, hasAttributes]): ResultBatch => ({
    count: all.length,
    numbers: Float64Array.from(all, ({ number }) => number),
    verdicts: Uint8Array.from(all, ({ verdict }) => verdict),
    attributes: hasAttributes ? all.map((row) => row.attributes) : null,
    unreadable: [{ index: 0, row: 7, problem: 'lost_digits', masked: '#.#E+##' }],
  }),
);

test('a batch comes out of its bytes as it went in', () => {
  fc.assert(
    fc.property(batches, (batch) => {
      expect(decodeBatch(encodeBatch(batch))).toEqual(batch);
    }),
    { numRuns: 300 },
  );
});

test('other bytes are refused, or are a batch whose every value is one that a batch may have', () => {
  fc.assert(
    fc.property(
      batches,
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
      fc.nat({ max: 6 }),
      (batch, changes, lost) => {
        const bytes = encodeBatch(batch);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        let read: ResultBatch;
        try {
          read = decodeBatch(bytes.subarray(0, bytes.length - lost));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          return;
        }
        expect(read.numbers).toHaveLength(read.count);
        expect(read.attributes?.length ?? read.count).toBe(read.count);
        for (const number of read.numbers) {
          if (Number.isNaN(number)) continue;
          expect(Number.isInteger(number) && number >= 1e6 && number < 1e15).toBe(true);
        }
        for (const verdict of read.verdicts) expect(verdict).toBeLessThanOrEqual(3);
        for (const { index } of read.unreadable) expect(index).toBeLessThan(read.count);
      },
    ),
    { numRuns: 1_000 },
  );
});

interface Said {
  readonly numbers?: readonly number[];
  readonly codes?: readonly number[];
  readonly cells?: readonly number[];
  readonly texts?: unknown;
  readonly unreadable?: unknown;
}

/** The bytes of a batch, whatever is in it: as nothing that is itself says them. */
function said({
  numbers = [447_911_123_456],
  codes = numbers.map(() => 0),
  cells = [],
  texts = [],
  unreadable = [],
}: Said): Buffer {
  const json = Buffer.from(JSON.stringify({ texts, unreadable }));
  const head = Uint32Array.of(numbers.length, cells.length, json.length);
  const parts = [head, Float64Array.from(numbers), Uint32Array.from(cells), Uint8Array.from(codes)];
  return Buffer.concat([...parts.map(({ buffer }) => new Uint8Array(buffer)), json]);
}

const one = { cells: [1, 0, 1], texts: ['note', 'x'] };
const oneUnreadable = { index: 0, row: 2, problem: 'empty', masked: '' };
const withUnreadable = (...each: readonly object[]): Said => ({
  numbers: [Number.NaN],
  unreadable: each.map((change) => ({ ...oneUnreadable, ...change })),
});

describe('of what is said', () => {
  test('a batch is read, and its masked cells are masked again', () => {
    expect(decodeBatch(said(one)).attributes).toEqual([{ note: 'x' }]);
    const [row] = decodeBatch(said(withUnreadable({ masked: '+44 7911' }))).unreadable;
    expect(row).toEqual({ ...oneUnreadable, masked: '+## ####' });
  });

  test.each<[string, Said]>([
    ['more rows than a batch has', { numbers: Array.from({ length: 16_385 }, () => 1e9) }],
    ['a number of six digits', { numbers: [999_999] }],
    ['a number of sixteen digits', { numbers: [1e15] }],
    ['half a number', { numbers: [447_911_123_456.5] }],
    ['a verdict that there is not', { codes: [4] }],
    ['no list of texts', { texts: {} }],
    ['a text that is none', { texts: [7] }],
    ['a text that Postgres refuses', { texts: ['a\u0000b'] }],
    ['more columns in a row than a file has', { ...one, cells: [257, ...Array(514).fill(1)] }],
    ['a name that there is not', { ...one, cells: [1, 2, 1] }],
    ['a value that there is not', { ...one, cells: [1, 0, 2] }],
    ['an empty value', { ...one, texts: ['note', ''] }],
    ['a name that changes the object', { ...one, texts: ['__proto__', 'x'] }],
    ['fewer cells than a row wants', { ...one, cells: [1, 0] }],
    ['no cells for a row', { ...one, numbers: [1e9, 1e9] }],
    ['cells of no row', { ...one, cells: [1, 0, 1, 0] }],
    ['no list of unreadable rows', { unreadable: null }],
    ['an unreadable row that is none', { unreadable: ['x'] }],
    ['more unreadable rows than rows', withUnreadable({}, {})],
    ['an unreadable row behind the last', withUnreadable({ index: 1 })],
    ['an unreadable row before the first', withUnreadable({ index: -1 })],
    ['an unreadable row that is not counted', withUnreadable({ row: 1.5 })],
    ['a problem that there is not', withUnreadable({ problem: 'other' })],
    ['a cell that is no text', withUnreadable({ masked: 7 })],
  ])('%s is refused', (_, what) => {
    expect(() => decodeBatch(said(what))).toThrow('said what is no batch');
  });

  test('bytes behind the last are refused', () => {
    const bytes = Buffer.concat([said(one), Buffer.from(' ')]);
    expect(() => decodeBatch(bytes)).toThrow('said what is no batch');
  });
});

describe('of what all batches of a file hold together', () => {
  const noted = (...notes: readonly string[]): Said => ({
    numbers: notes.map(() => 1e9),
    cells: notes.flatMap((_, at) => [1, 0, at + 1]),
    texts: ['note', ...notes],
  });
  const many: Said = {
    cells: [14, ...Array.from({ length: 14 }, (_, at) => [at, 14]).flat()],
    texts: ['verdict_word', ...Array.from({ length: 13 }, (_, at) => `n${at}`), 'x'],
  };

  // 14 bytes and 64 for the thirteenth attribute, the word of the verdict left out.
  test.each<[string, object, object, readonly Said[]]>([
    ['rows', { maxRows: 3 }, { maxRows: 2 }, [{ numbers: [1e9, 1e9] }, {}]],
    [
      'bytes in a row',
      { maxAttributeBytesPerRow: 3 },
      { maxAttributeBytesPerRow: 2 },
      [noted('x', 'abc')],
    ],
    ['bytes in a row', { maxAttributeBytesPerRow: 78 }, { maxAttributeBytesPerRow: 77 }, [many]],
    [
      'bytes of further columns',
      { maxAttributeBytes: 4 },
      { maxAttributeBytes: 3 },
      [noted('x'), noted('abc')],
    ],
    [
      'names',
      { maxColumns: 1, maxEntries: 2 },
      { maxColumns: 1, maxEntries: 1 },
      [one, { ...one, texts: ['other', 'x'] }],
    ],
  ])('more %s than a file may have are refused', (what, enough, tooLow, all) => {
    const readAll = (limits: object) => {
      const bounds = new BatchBounds(limits);
      for (const each of all) decodeBatch(said(each), bounds);
    };
    expect(() => readAll(enough)).not.toThrow();
    expect(() => readAll(tooLow)).toThrow(`said more ${what} than a file may have`);
  });

  test('a name that no header has is refused', () => {
    const named = (length: number) => said({ ...one, texts: ['n'.repeat(length), 'x'] });
    expect(() => decodeBatch(named(80))).not.toThrow();
    expect(() => decodeBatch(named(81))).toThrow('said more names than a file may have');
  });
});
