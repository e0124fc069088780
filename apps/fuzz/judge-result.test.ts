import type { Outcome } from '@rollcall/domain';
import { rowsXml, sharedStringsXml, sheetXml } from '@rollcall/testing';
import { expect, test } from 'vitest';
import { judge, type Truth } from './judge-result.ts';

const numbers = [447_911_123_456, 447_911_123_457, 447_911_123_458];
const truth: Truth = { numbers, verdicts: ['registered', 'registered', 'registered'], notes: null };
const header = ['number', 'telegram'];

/** What is wrong with answers that were believed of a sheet that was damaged. */
function judged(sheet: string, answers: readonly Outcome[], strings: string | null = null) {
  const read = { answers, attributes: [null, null, null] };
  return judge(truth, read, 'table', 'said', { sheet, strings, isSheet: true });
}
const rows = [header, ...numbers.map((number) => [number, 'yes'])];
const all: readonly Outcome[] = ['registered', 'registered', 'registered'];

test('of a damaged sheet the answers have to be those that stand in its rows', () => {
  const changed = sheetXml(rowsXml(rows.with(2, [numbers[1] ?? 0, 'no'])));
  expect(judged(changed, ['registered', 'not_registered', 'registered'])).toBeNull();
  expect(judged(changed, ['registered', 'banned', 'registered'])).toBe(
    'number 1 of 3: banned, sent as registered, and the file says not_registered',
  );
  expect(judged(changed, ['registered', 'missing', 'registered'])).toContain('the file says not_');
});

test('a number that does not stand in it has no answer', () => {
  const without = sheetXml(rowsXml(rows.toSpliced(2, 1)));
  expect(judged(without, ['registered', 'missing', 'registered'])).toBeNull();
  expect(judged(without, ['registered', 'not_registered', 'registered'])).toContain(
    'the file says missing',
  );
});

test('of a row that is damaged itself, behind the table, or with a text that is not plain, nothing is said', () => {
  const whole = sheetXml(rowsXml(rows));
  const damaged = [
    whole.replace('<c r="B3"', '<c r="ZZ9"'),
    whole.replace('<row r="3">', '</sheetData><row r="3">'),
    whole.replace('<row r="3">', '<row r="3"><v>1</v>'),
  ];
  for (const sheet of damaged) expect(judged(sheet, all.with(1, 'banned'))).toBeNull();
});

test('shared texts are looked up, and where they are damaged nothing is said', () => {
  const row = (at: number, first: string, second: number) =>
    `<row r="${at}"><c r="A${at}"${first}</v></c><c r="B${at}" t="s"><v>${second}</v></c></row>`;
  const sheet = sheetXml(
    row(1, ' t="s"><v>0', 1) + numbers.map((number, n) => row(n + 2, `><v>${number}`, 3)).join(''),
  );
  const texts = ['number', 'telegram', 'yes', 'no'].map((text) => `<si><t>${text}</t></si>`);
  const strings = sharedStringsXml(texts.join(''));
  const none: readonly Outcome[] = ['not_registered', 'not_registered', 'not_registered'];
  expect(judged(sheet, none, strings)).toBeNull();
  expect(judged(sheet, none.with(0, 'banned'), strings)).toContain('the file says not_registered');
  expect(judged(sheet, all.with(0, 'banned'), strings.replace('</si>', ''))).toBeNull();
});

test('of a list of negatives, those that it has not are registered', () => {
  const sent: Truth = { ...truth, verdicts: ['registered', 'not_registered', 'registered'] };
  const list = { text: `${numbers[1]}\n`, separator: ',' };
  const read = (answers: readonly Outcome[]) => ({ answers, attributes: [null, null, null] });
  const answers: readonly Outcome[] = ['registered', 'not_registered', 'registered'];
  expect(judge(sent, read(answers), 'negatives_only', 'said', list)).toBeNull();
  expect(judge(sent, read(all), 'negatives_only', 'said', list)).toContain('the file says not_');
});

test('of an archive that is believed, further columns have to be as they were packed', () => {
  const noted: Truth = { ...truth, notes: ['Ann', '', 'Bob'] };
  const kept = (third: string) => [{ note: 'Ann' }, null, { note: third }];
  const read = (third: string) => ({ answers: all, attributes: kept(third) });
  expect(judge(noted, read('Bob'), 'table', 'whole', null)).toBeNull();
  expect(judge(noted, read('Bo'), 'table', 'whole', null)).toContain('its further column');
});
