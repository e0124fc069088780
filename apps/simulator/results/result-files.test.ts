import { describe, expect, test } from 'vitest';
import {
  type Ground,
  type Json,
  jsonOf,
  keyOf,
  openGround,
  someNumbers,
} from '../testing/ground.ts';
import { readSheet, readZip } from '../testing/read-archive.ts';
import { truthRule, type Truth } from '../truth.ts';
import { resultLayouts } from './layouts.ts';

const words: Partial<Record<Truth, string>> = { registered: 'yes', not_registered: 'no' };

/** Creates a task and downloads its result. */
async function resultOf(
  ground: Ground,
  account: string,
  numbers: string[],
  taskType?: string,
): Promise<{ taskId: string; bytes: Buffer; status: Json; response: Response }> {
  const { task_id: taskId } = await jsonOf(ground.create(account, numbers, taskType));
  let status = await jsonOf(ground.status(account, taskId));
  if (status.status === 'completed') status = await jsonOf(ground.status(account, taskId));
  const response = await fetch(status.result_url);
  return { taskId, bytes: Buffer.from(await response.arrayBuffer()), status, response };
}

/** Checks `number,word` rows against the truth rule; odd words count as undetermined. */
function expectTruth(rows: [number: string, word: string][], check: string, uploaded: string[]) {
  const truthOf = truthRule(check);
  const said = new Map(rows.map(([number, word]) => [number.replace('+', ''), word]));
  expect(said.size).toBe(rows.length);
  for (const number of uploaded) {
    const digits = number.slice(1);
    const truth = truthOf(digits);
    const word = said.get(digits);
    if (truth === 'missing') expect(word).toBeUndefined();
    else if (truth === 'undetermined') expect(['yes', 'no', 'ban', undefined]).not.toContain(word);
    else if (truth === 'banned') expect(word).toBe(check === 'facebook' ? 'ban' : 'no');
    else expect(word).toBe(words[truth]);
  }
}

function csvRows(bytes: Buffer | undefined): [string, string][] {
  const lines = (bytes ?? '').toString().trimEnd().split('\n').slice(1);
  return lines.map((line) => line.split(',')).map(([number = '', word = '']) => [number, word]);
}

function sheetRows(sheet: Record<string, string>[]): [string, string][] {
  return sheet.slice(1).map((row) => [row['A'] ?? '', row['B'] ?? '']);
}

test('over successive tasks every layout comes, and each tells the truth', async () => {
  await using ground = await openGround();
  const seen = new Set<string>();
  for (let task = 0; task < 10; task += 1) {
    const numbers = someNumbers(300, 447_911_000_000 + task * 1_000);
    const { bytes } = await resultOf(ground, 'ekycpro', numbers, 'tg');
    const members = await readZip(bytes);
    seen.add([...members.keys()].filter((name) => !name.startsWith('xl/')).join(' '));
    const csv = members.get('all.csv');
    if (csv) expectTruth(csvRows(csv), 'telegram', numbers);
    const workbook = members.has('[Content_Types].xml') ? bytes : members.get('result.xlsx');
    if (workbook) {
      const sheet = await readSheet(workbook);
      expect(sheet[0]).toEqual({ A: 'Number', B: 'telegram' });
      expectTruth(sheetRows(sheet), 'telegram', numbers);
    }
    const listed = (name: string) => members.get(name)?.toString().trimEnd().split('\n');
    const yes = listed('activated.txt') ?? listed('registered.txt');
    if (yes) {
      const rows = csvRows(csv);
      expect(yes).toEqual(rows.filter(([, word]) => word === 'yes').map(([number]) => number));
      const no = rows.filter(([, word]) => word === 'no').map(([number]) => number);
      expect(listed('unregistered.txt')).toEqual(no);
    }
  }
  expect([...seen].toSorted()).toEqual([
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
    expectTruth(sheetRows(await readSheet(bytes)), 'coinw', numbers);
    const members = await readZip(bytes);
    const sheet = members.get('xl/worksheets/sheet1.xml')?.toString() ?? '';
    firsts.push(
      /<c r="A2"(?: t="(\w+)")?>(?:<is><t>|<v>)(\+?)/.exec(sheet)?.slice(1).join('') ?? '',
    );
  }
  expect(firsts).toEqual(['inlineStr+', 's', '', 'inlineStr', 's', '']);
});

test('the facebook of simple-tasks says ban', async () => {
  await using ground = await openGround();
  const numbers = someNumbers(2_000);
  const { bytes, status } = await resultOf(ground, 'facebook', numbers);
  expect(new URL(status.result_url).pathname).toMatch(/\.xlsx$/);
  const rows = sheetRows(await readSheet(bytes));
  expectTruth(rows, 'facebook', numbers);
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

describe('edited files', () => {
  const numbers = someNumbers(100);
  /** The csv of an edited file, and the csv that it would have been. */
  async function edited(edits: object, layout: (typeof resultLayouts)[number] = 'csv') {
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
    await expect(readSheet(bytes)).rejects.toThrow();
    expect(bytes.subarray(0, 2).toString()).toBe('PK');
  });
  test('are something else', async () => {
    expect((await edited({ instead: 'html' })).bytes.toString()).toContain('<form action="/login"');
    expect((await edited({ instead: 'empty' })).bytes).toHaveLength(0);
    expect((await edited({ instead_text: '\u001B[31m' })).bytes.toString()).toBe('\u001B[31m');
  });
});

describe('webcom’s text file', () => {
  const numbers = someNumbers(500);
  const truthOf = truthRule('telegram');
  const having = (...wanted: Truth[]) =>
    numbers.map((number) => number.slice(1)).filter((digits) => wanted.includes(truthOf(digits)));

  async function fileOf(semantics: string) {
    await using ground = await openGround();
    await ground.control('PATCH', 'accounts/webcom', { result_semantics: semantics });
    const { data } = await jsonOf(ground.create('webcom', numbers, 'Telegram_cheking'));
    const [entry] = (await jsonOf(ground.status('webcom', data.id))).data;
    const url = `${ground.url}/api/checking/get-file/${entry.hash}`;
    const text = await (await fetch(url, { headers: keyOf('webcom') })).text();
    const lines = text.trimEnd().split(/\r?\n/);
    return { lines: lines.map((line) => line.replace('+', '')), filtered: entry.filtered_phones };
  }

  test('holds the registered numbers and no other, as many as filtered_phones', async () => {
    const { lines, filtered } = await fileOf('positives_only');
    expect(lines).toEqual(having('registered'));
    expect(filtered).toBe(lines.length);
  });
  test('may hold the others instead', async () => {
    const { lines, filtered } = await fileOf('negatives_only');
    expect(lines).toEqual(having('not_registered', 'banned'));
    expect(filtered).toBe(lines.length);
  });
  test('may be a table', async () => {
    const { lines, filtered } = await fileOf('table');
    expect(lines[0]).toBe('number,activated');
    expect(lines.filter((line) => line.endsWith(',yes'))).toHaveLength(filtered);
    expect(lines).toHaveLength(501 - having('missing').length);
  });
});
