import type { LineOfUpload } from '@rollcall/numbers';
import { expect, test } from 'vitest';
import { inBatches, untaken } from './upload-table.ts';

test('lines are gathered by their number, and by their length where they are long', async () => {
  async function* lines(count: number, text: string): AsyncGenerator<readonly LineOfUpload[]> {
    for (let line = 1; line <= count; line += 1) {
      yield [{ line, cells: [text], number: null, reason: 'not_a_number' }];
    }
  }
  const lengths = async (batches: AsyncIterable<readonly LineOfUpload[]>) => {
    const found: number[] = [];
    for await (const batch of batches) found.push(batch.length);
    return found;
  };
  expect(await lengths(inBatches(lines(4_500, '12')))).toEqual([2_000, 2_000, 500]);
  expect(Math.max(...(await lengths(inBatches(lines(50, 'x'.repeat(60_000))))))).toBe(18);
});

test.each([
  [['phone', 'line'], ''],
  [['phone', ' Rollcall_Check '], '_2'],
  [['rollcall_outcome', 'rollcall_line_2'], '_3'],
])('our columns beside %j all end in %j', (columns, end) => {
  const own = untaken(columns);
  expect(own).toHaveLength(7);
  expect(own.map((column) => /_\d+$/.exec(column)?.[0] ?? '')).toEqual(own.map(() => end));
});
