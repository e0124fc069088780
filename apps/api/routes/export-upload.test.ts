import { gzipSync } from 'node:zlib';
import { makeXlsx } from '@rollcall/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerJob } from '../testing/answer-job.ts';
import { exportOf } from '../testing/export-of.ts';
import { type Ground, openGround } from '../testing/ground.ts';
import { type Body, posterTo, query } from '../testing/post-job.ts';

let ground: Ground;
let authorization: string;
beforeAll(async () => {
  ground = await openGround();
  authorization = await ground.bearer(['results:read', 'jobs:write']);
});
afterAll(() => ground.close());

const own =
  'rollcall_line,rollcall_status,rollcall_reason,rollcall_number,rollcall_check,rollcall_outcome,rollcall_checked_at';

/** Stores an upload, answers its numbers (even ones are registered), and exports it in its own shape. */
async function roundTrip(body: Body, type: string, search = '', options = {}) {
  const stored = await posterTo(ground, authorization).post(
    body,
    { 'content-type': type },
    type === 'application/json'
      ? null
      : new URLSearchParams({ ...Object.fromEntries(query), ...options }),
  );
  expect(stored.response.status).toBe(202);
  await answerJob(ground.database, stored.body.id, (number) => ({
    outcome: number % 2 === 0 ? 'registered' : 'not_registered',
  }));
  return exportOf(ground, authorization, stored.body.id, `shape=upload&${search}`);
}

const withoutTimes = (text: string) => text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME');

describe("the caller's own file, with the answers", () => {
  test('keeps a table as it was, header, columns and order, and answers every line', async () => {
    const { text, headers } = await roundTrip(
      'name;phone;note\nZoe;+447911123458;"a; ""b"""\n\nAda;+447911123456;=1+1\nBob;12\nEve;+447911123458;again;and;more\n',
      'text/csv',
    );
    expect(headers.get('content-disposition')).toContain('-upload.csv"');
    expect(withoutTimes(text).split('\r\n')).toEqual([
      `name;phone;note;${own.replaceAll(',', ';')}`,
      'Zoe;+447911123458;"a; ""b""";1;accepted;;+447911123458;telegram;registered;TIME',
      `Ada;+447911123456;'=1+1;2;accepted;;+447911123456;telegram;registered;TIME`,
      'Bob;12;;3;rejected;too_short;;telegram;;',
      'Eve;+447911123458;again;4;duplicate;;+447911123458;telegram;registered;TIME;and;more',
      '',
    ]);
  });

  test('opened again, has no cell that a spreadsheet would run, and every number as it was', async () => {
    const hostile = [
      ...['=HYPERLINK("http://x")', '@SUM(A1)', '+1+cmd', "-2+3+cmd|' /C calc'!A0", '\t=1', '\r=1'],
      ...['=1+1', "=cmd|' /C calc'!A0", '+A1', '-A1', '%0a=1', '+447911123456\n=1', '\uff1d1+1'],
    ];
    const numbers = ['+447911123456', '+12133734253', '+4915112345678', '+447911123458'];
    const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
    const lines = hostile.map((cell, at) => `${quoted(cell)},${numbers[at % 4]},${quoted(cell)}\n`);
    const { bytes } = await roundTrip(`=1+1,phone,"@SUM(A1)"\n${lines.join('')}`, 'text/csv');
    const opened = await roundTrip(new Uint8Array(bytes), 'text/csv', 'format=ndjson', {
      column: '2',
    });
    const rows = opened.objects().map(({ cells }) => cells as string[]);
    expect(rows.map(([, number]) => number)).toEqual(hostile.map((_, at) => numbers[at % 4]));
    const runnable = rows
      .flat()
      .filter((cell) => /^[=+\-@\t\r]/.test(cell) && !/^\+[1-9]\d{6,14}$/.test(cell));
    expect(runnable).toEqual([]);
    expect(rows.map(([cell]) => cell?.replace(/^'/, ''))).toEqual(hostile);
  });

  test.each([
    ['tabs', '\t', 'text/csv'],
    ['bars', '|', 'text/csv'],
    ['tabs that it says to have', '\t', 'text/tab-separated-values'],
  ])('keeps %s between the cells, and the byte order mark', async (_, separator, type) => {
    const rows = [
      ['name', 'phone'],
      ['Zoe', '+447911123458'],
      ['Ada', '+447911123457'],
    ];
    const body = rows.map((row) => row.join(separator)).join('\r\n');
    const { bytes } = await roundTrip(`\ufeff${body}`, type);
    const [header, first] = bytes.toString('utf8').split('\r\n');
    expect(header).toBe(`\ufeff${['name', 'phone', ...own.split(',')].join(separator)}`);
    expect(first?.split(separator).slice(0, 4)).toEqual(['Zoe', '+447911123458', '1', 'accepted']);
    const plain = await roundTrip(body, type);
    expect(plain.bytes.toString('latin1', 0, 4)).toBe('name');
  });

  test('keeps the answers of an earlier check, sent for another one', async () => {
    const answered = await roundTrip('name,phone\nAda,+447911123456\n', 'text/csv');
    const again = await roundTrip(answered.text, 'text/csv', '', {
      check: 'viber',
      account: 'alpha',
    });
    const [header, row] = again.cells();
    expect(header).toEqual([
      ...['name', 'phone', ...own.split(',')],
      ...own.split(',').map((column) => `${column}_2`),
    ]);
    expect(row?.filter((cell) => ['telegram', 'viber'].includes(cell))).toEqual([
      'telegram',
      'viber',
    ]);
    const third = await roundTrip(again.text, 'text/csv', 'format=ndjson');
    expect(third.objects()[0]).toMatchObject({ rollcall_check: 'telegram' });
  });

  test('names the columns of a table without a header', async () => {
    const { cells } = await roundTrip('1,+447911123456\n2,+447911123457\n', 'text/csv');
    expect(cells()[0]?.slice(0, 3)).toEqual(['column_1', 'column_2', 'rollcall_line']);
    expect(cells()[1]?.slice(0, 2)).toEqual(['1', '+447911123456']);
  });

  test.each([
    ['text', '07911 123456\nnobody\n', 'text/plain'],
    ['gzipped text', gzipSync('07911 123456\nnobody\n'), 'application/gzip'],
  ])('gives %s as a column of what stood there', async (_, body, type) => {
    const { text } = await roundTrip(body, type, '', { default_region: 'GB' });
    expect(withoutTimes(text).split('\r\n')).toEqual([
      `number,${own}`,
      '07911 123456,1,accepted,,+447911123456,telegram,registered,TIME',
      'nobody,2,rejected,not_a_number,,telegram,,',
      '',
    ]);
  });

  test('gives the elements of a JSON array, also as ndjson', async () => {
    const numbers = ['+447911123457', '+44 7911 123457', null];
    const body = JSON.stringify({
      check: 'telegram',
      purpose: 'a test',
      requested_by: 'vitest',
      numbers,
    });
    const { objects } = await roundTrip(body, 'application/json', 'format=ndjson');
    expect(objects()).toEqual([
      {
        rollcall_line: 1,
        rollcall_status: 'accepted',
        rollcall_reason: null,
        rollcall_number: '+447911123457',
        rollcall_check: 'telegram',
        rollcall_outcome: 'not_registered',
        rollcall_checked_at: expect.stringMatching(/Z$/),
        cells: ['+447911123457'],
      },
      expect.objectContaining({ rollcall_status: 'duplicate', cells: ['+44 7911 123457'] }),
      expect.objectContaining({
        rollcall_status: 'rejected',
        rollcall_number: null,
        cells: ['null'],
      }),
    ]);
  });

  test('gives a workbook its rows', async () => {
    const workbook = await makeXlsx([
      ['name', 'phone'],
      ['Ada', 447911123456],
      ['Bob', 'nobody'],
    ]);
    const { text } = await roundTrip(new Uint8Array(workbook), 'application/octet-stream');
    expect(withoutTimes(text).split('\r\n').slice(0, 3)).toEqual([
      `name,phone,${own}`,
      'Ada,447911123456,1,accepted,,+447911123456,telegram,registered,TIME',
      'Bob,nobody,2,rejected,not_a_number,,telegram,,',
    ]);
  });

  test('tells first lines from repeated ones over many batches', async () => {
    const lines = Array.from({ length: 9_000 }, (_, at) =>
      `+44791112${(at * 7) % 5_000}`.padEnd(13, '0'),
    );
    const { cells } = await roundTrip(`${lines.join('\n')}\n`, 'text/plain');
    const seen = new Set<string>();
    const expected = lines.map((line) => {
      const status = seen.has(line) ? 'duplicate' : 'accepted';
      seen.add(line);
      return [line, status];
    });
    expect(
      cells()
        .slice(1)
        .map(([line, , status]) => [line, status]),
    ).toEqual(expected);
  });

  test('an open job leaves the outcome of what is not answered empty', async () => {
    const stored = await posterTo(ground, authorization).post(
      '+447911123456\nx\n',
      { 'content-type': 'text/plain' },
      query,
    );
    const { text } = await exportOf(
      ground,
      authorization,
      stored.body.id,
      'shape=upload&partial=true',
    );
    expect(text.split('\r\n')[1]).toBe('+447911123456,1,accepted,,+447911123456,telegram,,');
  });
});

describe('an upload that is not what it was', () => {
  test('is a broken download and never a shorter file, where it is found out on the way', async () => {
    const stored = await posterTo(ground, authorization).post(
      '+447911123456\n+447911123457\n',
      { 'content-type': 'text/plain' },
      query,
    );
    await answerJob(ground.database, stored.body.id, () => ({ outcome: 'registered' }));
    await ground.database.query(
      'UPDATE store.jobs SET lines = 3, duplicates = duplicates + 1 WHERE id = $1',
      [stored.body.id],
    );
    await expect(exportOf(ground, authorization, stored.body.id, 'shape=upload')).rejects.toThrow(
      'terminated',
    );
    expect(ground.logged()).toContain('"reason":"failed"');
  });

  test('is a refusal where nothing is kept', async () => {
    const stored = await posterTo(ground, authorization).post(
      '+447911123456\n',
      { 'content-type': 'text/plain' },
      query,
    );
    await answerJob(ground.database, stored.body.id, () => ({ outcome: 'registered' }));
    // As docs/operations.md does on a full disk, with the kept files of a whole month.
    const month = "to_char(now() AT TIME ZONE 'UTC', 'YYYYMM')";
    const { rows } = await ground.database.query(`SELECT ${month} AS month`);
    await ground.database.query(
      `TRUNCATE store.blobs_${rows[0]?.month}, store.blob_parts_${rows[0]?.month}`,
    );
    const { status, text } = await exportOf(ground, authorization, stored.body.id, 'shape=upload');
    expect([status, JSON.parse(text).code]).toEqual([409, 'no_upload']);
    const plain = await exportOf(ground, authorization, stored.body.id, '');
    expect([plain.status, plain.text]).toEqual([200, expect.stringContaining('447911123456')]);
  });
});
