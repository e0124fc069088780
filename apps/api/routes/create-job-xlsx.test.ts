import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { writeWorkbook } from '@rollcall/spreadsheets';
import { makeZip, rowsXml, sheetXml, waitFor, workbookMembers } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, openGround } from '../testing/ground.ts';
import { type Body, type Poster, posterTo, query, said } from '../testing/post-job.ts';
import { openRaw } from '../testing/raw-request.ts';

const xlsxType = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

let ground: Ground;
let poster: Poster;
let authorization: string;
beforeAll(async () => {
  ground = await openGround();
  authorization = await ground.bearer(['jobs:write']);
  poster = posterTo(ground, authorization);
});
afterAll(() => ground.close());

async function stored(table: string): Promise<number> {
  const { rows } = await ground.database.query<{ rows: number }>(
    `SELECT count(*)::int AS rows FROM store.${table}`,
  );
  return rows[0]?.rows ?? -1;
}

function workbook(): Promise<Buffer> {
  async function* rows() {
    yield [
      ['Ada', '+447911123456'],
      ['Bob', '+4915123456789'],
      ['Nil', 'none'],
    ];
  }
  return buffer(writeWorkbook({ name: 'list', header: ['name', 'phone'], rows: rows() }));
}

async function numbersOf(jobId: string): Promise<number[]> {
  const { rows } = await ground.database.query<{ number: number }>(
    'SELECT number FROM store.job_numbers n JOIN store.jobs j USING (job_no) WHERE j.id = $1 ORDER BY number',
    [jobId],
  );
  return rows.map((row) => row.number);
}

test('a form with a workbook makes a job, and the workbook is kept as it came', async () => {
  const bytes = await workbook();
  const form = new FormData();
  for (const [name, value] of Object.entries(said)) form.append(name, value);
  form.append('column', 'Phone');
  form.append('file', new Blob([new Uint8Array(bytes)]), 'list.txt');
  const { response, body } = await poster.post(form);
  expect([response.status, body.counts]).toMatchObject([
    202,
    { lines: 3, accepted: 2, rejected: 1 },
  ]);
  expect(await numbersOf(body.id)).toEqual([447911123456, 4915123456789]);
  const { rows } = await ground.database.query(
    `SELECT encoding, byte_count::int, p.bytes FROM store.blobs b JOIN store.blob_parts p ON p.blob_id = b.id
      JOIN store.jobs j ON j.job_no = b.job_no WHERE j.id = $1 AND b.kind = 'upload'`,
    [body.id],
  );
  expect(rows).toEqual([{ encoding: 'identity', byte_count: bytes.length, bytes }]);
});

test.each([
  [xlsxType, (bytes: Buffer) => bytes],
  ['application/octet-stream', (bytes: Buffer) => bytes],
  ['text/csv', (bytes: Buffer) => bytes],
  ['application/gzip', (bytes: Buffer) => gzipSync(bytes)],
])('a workbook as a raw %s body makes a job', async (type, wrap) => {
  const upload = new Uint8Array(wrap(await workbook())) as Body;
  const { response, body } = await poster.post(upload, { 'content-type': type }, query);
  expect([response.status, body.counts]).toMatchObject([
    202,
    { lines: 3, accepted: 2, rejected: 1 },
  ]);
  expect(await numbersOf(body.id)).toEqual([447911123456, 4915123456789]);
});

const members = workbookMembers({ List: sheetXml(rowsXml([['phone'], ['+447911123456']])) });

test.each<[string, () => Promise<Buffer>, number, string]>([
  ['cut', async () => (await workbook()).subarray(0, -30), 422, 'bad_xlsx'],
  [
    'with macros',
    () => makeZip({ ...members, 'xl/vbaProject.bin': '' }),
    415,
    'unsupported_format',
  ],
  [
    'that is a zip of a csv',
    () => makeZip({ 'a.csv': '+447911123456' }),
    415,
    'unsupported_format',
  ],
  [
    'that is an xls, or has a password',
    async () => Buffer.from('d0cf11e0a1b11ae1', 'hex'),
    415,
    'unsupported_format',
  ],
  [
    'that inflates to more than may be',
    () =>
      makeZip({
        ...members,
        'xl/worksheets/sheet1.xml': sheetXml(`<!-- ${'x'.repeat(1_000)} -->`.repeat(8_100)),
      }),
    413,
    'too_many_bytes',
  ],
  [
    'with more lines than may be',
    () =>
      makeZip(
        workbookMembers({ L: sheetXml('<row><c><v>447911123456</v></c></row>'.repeat(100_001)) }),
      ),
    413,
    'too_many_lines',
  ],
])('a workbook %s is refused, and nothing of it is stored', async (_what, make, status, code) => {
  const before = [await stored('jobs'), await stored('blobs')];
  const { response, body } = await poster.post(
    new Uint8Array(await make()) as Body,
    { 'content-type': xlsxType },
    query,
  );
  expect([response.status, body]).toMatchObject([status, { code }]);
  expect([await stored('jobs'), await stored('blobs')]).toEqual(before);
  expect(await readdir(tmpdir())).toEqual([]);
});

test('a workbook whose sender goes away leaves nothing', async () => {
  const before = await stored('jobs');
  const requests = () => ground.logged().split('"http.request"').length - 1;
  const logged = requests();
  const socket = await openRaw(ground.url);
  const bytes = await workbook();
  socket.write(
    [
      `POST /v1/jobs?${query.toString()} HTTP/1.1`,
      'host: x',
      `authorization: ${authorization}`,
      `content-type: ${xlsxType}`,
      `content-length: ${bytes.length}`,
      '\r\n',
    ].join('\r\n'),
  );
  socket.write(bytes.subarray(0, -10));
  await new Promise((resolve) => setImmediate(resolve));
  socket.resetAndDestroy();
  await waitFor(() => requests() > logged, { describe: 'the request to end' });
  expect(await stored('jobs')).toBe(before);
  expect(await readdir(tmpdir())).toEqual([]);
});
