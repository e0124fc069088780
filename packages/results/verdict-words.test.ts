import { expect, test } from 'vitest';
import { codeOf } from './testing/read-bytes.ts';

test('does not believe a last verdict that is a word, and the beginning of a longer one of the account', async () => {
  const options = { verdictWords: { 'no data': 'undetermined' } } as const;
  const text = 'number,activated\n447911123456,no data\n447911123457,no';
  expect(await codeOf(text, options)).toBe('cut');
  expect(await codeOf(text)).toBe('read');
  expect(await codeOf(`${text}\n`, options)).toBe('read');
  expect(await codeOf(text.replace(/no$/, 'yes'), options)).toBe('read');
});
