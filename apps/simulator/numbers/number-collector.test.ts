import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NumberCollector } from './number-collector.ts';

function collect(...chunks: (string | Uint8Array)[]) {
  const collector = new NumberCollector();
  for (const chunk of chunks) collector.push(Buffer.from(chunk));
  const { numbers, ...counts } = collector.finish();
  return { numbers: [...numbers], ...counts };
}

test('numbers come out distinct and ascending, with or without a plus', () => {
  expect(collect('+447911123456\n12025551234\r\n447911123456\n\n+12025551234')).toEqual({
    numbers: [12025551234, 447911123456],
    lines: 4,
    duplicates: 2,
    invalid: 0,
  });
});

test.for([
  ['letters', 'hello'],
  ['a second plus', '++447911123456'],
  ['a plus inside', '44+7911123456'],
  ['a leading zero', '0447911123456'],
  ['spaces inside', '+44 7911 123456'],
  ['dashes', '44-7911-123456'],
  ['too few digits', '123456'],
  ['too many digits', '1234567890123456'],
  ['a decimal', '447911123456.0'],
  ['a NUL', '44791\u00001123456'],
  ['a byte-order mark', '\uFEFF447911123456'],
])('a line with %s is dropped and counted', ([, line]) => {
  expect(collect(`${line}\n12025551234`)).toEqual({
    numbers: [12025551234],
    lines: 2,
    duplicates: 0,
    invalid: 1,
  });
});

test('blanks around a number and the longest number are understood', () => {
  expect(collect(' \t+447911123456 \t\n999999999999999').numbers).toEqual([
    447911123456, 999999999999999,
  ]);
});

test('it does not matter where the stream is cut', () => {
  const line = fc.oneof(
    fc.integer({ min: 1_000_000, max: 999_999_999_999_999 }).map(String),
    fc.integer({ min: 1_000_000, max: 1_000_009 }).map((number) => `+${number}`),
    fc.string({ maxLength: 6, unit: fc.constantFrom('1', '0', '+', ' ', 'x') }),
  );
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(60)), (lines, cuts) => {
      const text = lines.join('\n');
      const pieces: string[] = [];
      let rest = text;
      for (const cut of cuts) {
        pieces.push(rest.slice(0, cut));
        rest = rest.slice(cut);
      }
      const whole = collect(text);
      expect(collect(...pieces, rest)).toEqual(whole);
      expect(whole.lines).toBe(whole.numbers.length + whole.duplicates + whole.invalid);
      expect(whole.lines).toBe(lines.filter((each) => each.trim() !== '').length);
      expect(whole.numbers).toEqual([...new Set(whole.numbers)].toSorted((a, b) => a - b));
    }),
  );
});
