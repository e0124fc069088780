import { expect, test } from 'vitest';
import { DelimitedTokenizer } from './delimited-tokenizer.ts';
import { defaultResultLimits } from './result-limits.ts';
import { RowSampler } from './row-sampler.ts';

const text = 'a,"b ""q""\r\nc",\r\n\r\n"",é,"x"\n\rlast,"",y"z"';
const records = [
  ['a', 'b "q"\r\nc', ''],
  ['', 'é', 'x'],
  ['last', '', 'y"z"'],
];

function recordsOf(pieces: readonly Buffer[]): readonly string[][] {
  const sampler = new RowSampler();
  const tokenizer = new DelimitedTokenizer(',', defaultResultLimits, sampler);
  for (const piece of pieces) tokenizer.push(piece);
  expect(tokenizer.end()).toBe(false);
  return sampler.rows;
}

test('records are the same wherever the input is divided', () => {
  const bytes = Buffer.from(text);
  for (let first = 0; first <= bytes.length; first++) {
    for (let second = first; second <= bytes.length; second++) {
      const pieces = [
        bytes.subarray(0, first),
        bytes.subarray(first, second),
        bytes.subarray(second),
      ];
      expect(recordsOf(pieces)).toEqual(records);
    }
  }
});

test('records are the same when bytes come one by one', () => {
  expect(recordsOf([...Buffer.from(text)].map((byte) => Buffer.of(byte)))).toEqual(records);
});

test('rows are counted with blank ones, so that a message names the line of a simple file', () => {
  const begun: number[] = [];
  const tokenizer = new DelimitedTokenizer(',', defaultResultLimits, {
    beginRow: (row) => begun.push(row),
    cell() {},
    endRow() {},
  });
  tokenizer.push(Buffer.from('a\n\nb\n'));
  expect(tokenizer.end()).toBe(true);
  expect(begun).toEqual([1, 2, 3]);
});
