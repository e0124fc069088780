import { expect, test } from 'vitest';
import { codeOf, readBytes } from './testing/read-bytes.ts';

const red = '\u001b[31m';

test('a cell in quotes may be as long as another, and no longer', async () => {
  const table = (length: number) =>
    `number,activated,note\n447911123456,yes,"${'y'.repeat(length)}"\n`;
  expect(await codeOf(table(8_192))).toBe('read');
  expect(await codeOf(table(8_193))).toBe('cell_too_large');
});

test('a cell that is no number is shown by 32 characters, without its digits and what drives terminals', async () => {
  const { unreadable } = await readBytes(
    `number,activated\n447911123456,yes\n"${red}447911123457\n${'x'.repeat(99)}",yes\n`,
  );
  expect(unreadable).toMatchObject([{ masked: ' [##m############ '.padEnd(32, 'x') }]);
});

test('a word that is no verdict is kept by 64 characters, without what drives terminals', async () => {
  const { rows, attributes } = await readBytes(
    `number,activated\n447911123456,${red}\u0000${'y'.repeat(99)}\n`,
  );
  expect(rows).toEqual(['447911123456 undetermined']);
  expect(attributes).toEqual([{ verdict_word: '\ufffd[31m\ufffd'.padEnd(64, 'y') }]);
});

test('a column is named by one line of 64 characters, without what drives terminals', async () => {
  const { outcome, attributes } = await readBytes(
    `number,activated,"A${red}\n${'n'.repeat(99)}"\n447911123456,yes,x\n`,
  );
  const name = 'a [31m '.padEnd(64, 'n');
  expect(outcome).toMatchObject({ columns: ['number', 'activated', name] });
  expect(attributes).toEqual([{ [name]: 'x' }]);
});
