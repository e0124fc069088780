import { expect, test } from 'vitest';
import { openGround, someNumbers } from '../testing/ground.ts';
import { readSheet, readZip } from '../testing/read-archive.ts';
import { csvRows, resultOf, sheetRows } from '../testing/result-of.ts';
import { type Truth, truthRule } from '../truth.ts';

type Row = [number: string, word: string];

/** The rows that a file must have: what each number's truth is called, odd words as `?`. */
function trueRows(check: string, uploaded: string[]): Row[] {
  const truthOf = truthRule(check);
  const wordOf: Record<Truth, string> = {
    registered: 'yes',
    not_registered: 'no',
    banned: check === 'facebook' ? 'ban' : 'no',
    undetermined: '?',
    missing: '',
  };
  return uploaded
    .map((number) => number.slice(1))
    .map((digits): Row => [digits, wordOf[truthOf(digits)]])
    .filter(([, word]) => word !== '');
}

/** A file's rows without signs, odd words as `?`. */
function plainRows(rows: Row[]): Row[] {
  return rows.map(([number, word]) => [
    number.replace('+', ''),
    ['yes', 'no', 'ban'].includes(word) ? word : '?',
  ]);
}

test('over successive tasks every layout comes, and all members tell the truth', async () => {
  await using ground = await openGround();
  const layouts = new Set<string>();
  for (let task = 0; task < 10; task += 1) {
    const numbers = someNumbers(300, 447_911_000_000 + task * 1_000);
    const expected = trueRows('telegram', numbers);
    const { bytes } = await resultOf(ground, 'ekycpro', numbers, 'tg');
    const members = await readZip(bytes);
    layouts.add([...members.keys()].filter((name) => !name.startsWith('xl/')).join(' '));
    const tables: Row[][] = [];
    const csv = members.get('all.csv');
    if (csv) tables.push(csvRows(csv));
    const workbook = members.has('[Content_Types].xml') ? bytes : members.get('result.xlsx');
    if (workbook) tables.push(sheetRows(await readSheet(workbook)));
    expect(tables.length).toBeGreaterThan(0);
    expect(tables.map(plainRows)).toEqual(tables.map(() => expected));

    const listed = (name: string) =>
      members.get(name)?.toString().replaceAll('+', '').trimEnd().split('\n');
    const having = (word: string) =>
      expected.filter(([, each]) => each === word).map(([number]) => number);
    const yes = listed('activated.txt') ?? listed('registered.txt');
    expect([yes, listed('unregistered.txt')]).toEqual(
      yes ? [having('yes'), having('no')] : [undefined, undefined],
    );
  }
  expect([...layouts].toSorted((a, b) => a.localeCompare(b))).toEqual([
    '[Content_Types].xml _rels/.rels',
    'all.csv',
    'all.csv result.xlsx activated.txt unregistered.txt',
    'all.csv result.xlsx registered.txt unregistered.txt',
    'result.xlsx',
  ]);
});

test('numbers come with and without plus, and cells in three styles', async () => {
  await using ground = await openGround();
  await ground.control('PATCH', 'accounts/ekycpro', { result_layouts: ['xlsx'] });
  const firsts: string[] = [];
  for (let task = 0; task < 6; task += 1) {
    const numbers = someNumbers(60, 447_911_000_000 + task * 100);
    const { bytes } = await resultOf(ground, 'ekycpro', numbers, 'coinW');
    expect(plainRows(sheetRows(await readSheet(bytes)))).toEqual(trueRows('coinw', numbers));
    const sheet = (await readZip(bytes)).get('xl/worksheets/sheet1.xml')?.toString() ?? '';
    const first = /<c r="A2"(?: t="(\w+)")?>(?:<is><t>|<v>)(\+?)/.exec(sheet) ?? [];
    firsts.push(first.slice(1).join(''));
  }
  expect(firsts).toEqual(['inlineStr+', 's', '', 'inlineStr', 's', '']);
});

test('the facebook of simple-tasks says ban', async () => {
  await using ground = await openGround();
  const numbers = someNumbers(2_000);
  const { bytes, status } = await resultOf(ground, 'facebook', numbers);
  expect(new URL(status.result_url).pathname).toMatch(/\.xlsx$/);
  const rows = sheetRows(await readSheet(bytes));
  expect(plainRows(rows)).toEqual(trueRows('facebook', numbers));
  expect(rows.some(([, word]) => word === 'ban')).toBe(true);
});

test('some types have other headers and further columns', async () => {
  await using ground = await openGround();
  await ground.control('PATCH', 'accounts/ekycpro', { result_layouts: ['xlsx'] });
  const active = await resultOf(ground, 'ekycpro', someNumbers(1_000), 'ws_active');
  expect((await readSheet(active.bytes))[0]).toEqual({
    A: 'Number',
    B: 'whatsapp',
    C: 'activetime',
    D: 'activedays',
  });
  const binance = await resultOf(ground, 'ekycpro', someNumbers(10), 'Binance');
  expect((await readSheet(binance.bytes))[0]).toEqual({ A: 'Mobile Number', B: 'binance' });
});

test('a download has a Content-Length and is the same bytes again', async () => {
  await using ground = await openGround();
  const { bytes, status, response } = await resultOf(ground, 'ekycpro', someNumbers(100), 'tg');
  expect(response.headers.get('content-length')).toBe(String(bytes.length));
  const again = Buffer.from(await (await fetch(status.result_url)).arrayBuffer());
  expect(again.equals(bytes)).toBe(true);
});
