import { describe, expect, test } from 'vitest';
import { openGround, someNumbers } from '../testing/ground.ts';
import { readSheet } from '../testing/read-archive.ts';
import { csvRows, resultOf } from '../testing/result-of.ts';
import type { ResultLayout } from './layouts.ts';

describe('edited files', () => {
  const numbers = someNumbers(100);
  /** The csv of an edited file, and the csv that it would have been. */
  async function edited(edits: object, layout: ResultLayout = 'csv') {
    await using ground = await openGround();
    const action = { kind: 'file', edits: { layout, plus: false, ...edits }, downloads: 1 };
    await ground.control('POST', 'faults', { match: { operation: 'create' }, action });
    await ground.control('PATCH', 'accounts/ekycpro', { result_layouts: [layout] });
    const { bytes, status } = await resultOf(ground, 'ekycpro', numbers, 'tg');
    const later = await (await fetch(status.result_url)).arrayBuffer();
    const plain = csvRows(Buffer.from(later)).map(([number, word]): [string, string] => [
      number.replace('+', ''),
      word,
    ]);
    return { bytes, rows: csvRows(bytes), plain };
  }

  test('miss rows', async () => {
    const { rows, plain } = await edited({ missing_rows: 3 });
    expect(rows).toEqual(plain.slice(3));
  });
  test('double rows', async () => {
    const { rows, plain } = await edited({ doubled_rows: 2 });
    expect(rows).toEqual([...plain, ...plain.slice(0, 2)]);
  });
  test('contradict themselves', async () => {
    const { rows, plain } = await edited({ missing_rows: 1, contradictory_rows: 2 });
    const against = plain
      .slice(1, 3)
      .map(([number, word]) => [number, word === 'yes' ? 'no' : 'yes']);
    expect(rows).toEqual([...plain.slice(1), ...against]);
  });
  test('name foreign numbers', async () => {
    const { rows, plain } = await edited({ foreign_rows: 2 });
    const foreign = [
      ['447911000100', 'yes'],
      ['447911000101', 'yes'],
    ];
    expect(rows).toEqual([...plain, ...foreign]);
  });
  test('are turned round', async () => {
    const { rows, plain } = await edited({ reordered: true });
    expect(rows).toEqual(plain.toReversed());
  });
  test('are cut short with a Content-Length that agrees', async () => {
    const { bytes } = await edited({ keep_share: 0.5 }, 'xlsx');
    await expect(readSheet(bytes)).rejects.toThrow('central directory');
    expect(bytes.subarray(0, 2).toString()).toBe('PK');
  });
  test('are something else', async () => {
    expect((await edited({ instead: 'html' })).bytes.toString()).toContain('<form action="/login"');
    expect((await edited({ instead: 'empty' })).bytes).toHaveLength(0);
    expect((await edited({ instead_text: '\u001B[31m' })).bytes.toString()).toBe('\u001B[31m');
  });
});
