import fc from 'fast-check';
import { expect, test } from 'vitest';
import { storableJson, storableText, storedMoney } from './storable.ts';

test('text loses only what Postgres cannot store', () => {
  expect(storableText('a\0b\ud800c\u{1f600}')).toBe('a\ufffdb\ufffdc\u{1f600}');
});

test('JSON of anything holds no NUL and no lone surrogate, in names or values, and is otherwise the same', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })),
      (value) => {
        const stored = JSON.parse(storableJson(value)) as Record<string, string>;
        expect(JSON.stringify(stored)).not.toMatch(/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/);
        expect(storableJson(stored)).toBe(JSON.stringify(stored));
      },
    ),
  );
});

test('a backslash before u0000 is text, and stays', () => {
  const value = { cell: '\\u0000', 'na\0me': '\\\0', deep: [{ x: '\ud800' }] as unknown };
  expect(JSON.parse(storableJson(value))).toEqual({
    cell: '\\u0000',
    'na\ufffdme': '\\\ufffd',
    deep: [{ x: '\ufffd' }],
  });
});

test('a stored amount out of range is an error, and not 0', () => {
  expect(storedMoney('12.500000000')).toBe(12_500_000_000n);
  expect(() => storedMoney('123456789012.5')).toThrow(RangeError);
});
