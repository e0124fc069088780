import { once } from 'node:events';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createApiKey, type Database, openDatabase } from '@rollcall/db';
import { createTestDatabase } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { query } from '../testing/post-job.ts';
import { openRaw } from '../testing/raw-request.ts';
import { type RunningApi, runApi } from '../testing/run-api.ts';

// The API as a process of its own: what it takes of memory for uploads without end, and what is left where it is killed in the middle of them. Linux says both in /proc.

let testDatabase: Awaited<ReturnType<typeof createTestDatabase>>;
let database: Database;
let authorization: string;
let folder: string;
let api: RunningApi;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase({
    url: testDatabase.url,
    maxConnections: 2,
    applicationName: 'rollcall api test',
    onIdleError: () => undefined,
  });
  const { key } = await createApiKey(database, { tenantId: 1, name: 'test', scopes: ['admin'] });
  authorization = `Bearer ${key}`;
  folder = await mkdtemp(join(tmpdir(), 'uploads-'));
  api = await runApi({
    DATABASE_URL: testDatabase.url,
    TMPDIR: folder,
    ROLLCALL_INTAKE_MAX_BYTES: '50000000',
  });
});
afterAll(async () => {
  await api.stop('SIGKILL');
  await database.close();
  await testDatabase.drop();
  await rm(folder, { recursive: true });
});

const megabyte = 1_000_000;
const multipart = 'multipart/form-data; boundary=b';
const part = '--b\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\n';
const jsonStart =
  '{"check":"telegram","purpose":"p","requested_by":"r","numbers":["+447911123456",';

const head = (contentType: string, framing: string) =>
  [
    `POST /v1/jobs${contentType === 'text/csv' ? `?${query.toString()}` : ''} HTTP/1.1`,
    'host: x',
    `authorization: ${authorization}`,
    `content-type: ${contentType}`,
    framing,
    '\r\n',
  ].join('\r\n');

/** The start, and then 200 MB of one piece, for as long as they are taken; the code of what is answered. */
async function sendEndless(contentType: string, start: string, piece: string): Promise<string> {
  const socket = await openRaw(api.url);
  const heard = { text: '' };
  const answered = new Promise<void>((resolve) => {
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard.text += text;
      if (heard.text.includes('"code":"')) resolve();
    });
    socket.once('close', () => resolve());
  });
  socket.write(head(contentType, 'transfer-encoding: chunked'));
  const framed = (bytes: Buffer) =>
    Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
  socket.write(framed(Buffer.from(start)));
  const pieces = framed(Buffer.alloc(megabyte, piece));
  for (let sent = 0; sent < 200 && heard.text === '' && !socket.destroyed; sent += 1) {
    if (!socket.write(pieces))
      await Promise.race([once(socket, 'drain').catch(() => undefined), answered]);
  }
  await answered;
  socket.destroy();
  return /"code":"(\w+)"/.exec(heard.text)?.[1] ?? '';
}

/** In MB, the most that the process ever had; Linux says it. */
async function mostMemory_mb(): Promise<number> {
  const status = await readFile(`/proc/${api.processId}/status`, 'utf8').catch(() => '');
  return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
}

/** Lines of blanks: many bytes, and few records. */
const blanks = `${' '.repeat(99)}\n`;
const bomb = (text: string) => gzipSync(Buffer.alloc(200 * megabyte, text), { level: 1 });
const postGzip = async (bytes: Buffer) => {
  const answer = await fetch(`${api.url}/v1/jobs?${query.toString()}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/gzip' },
    body: new Uint8Array(bytes),
  });
  return ((await answer.json()) as { readonly code: string }).code;
};

/** Ended on the wire: its parser, which looks for a first part, would read on for ever. */
const cutOff = '200 MB before a first part';
const endless: readonly (readonly [string, () => Promise<string>, string])[] = [
  ['a line of 200 MB', () => sendEndless('text/csv', '+447911123456\n', '4'), 'line_too_long'],
  [
    'a quoted cell of 200 MB',
    () => sendEndless('text/csv', 'id,phone\n1,+447911123456\n2,"', '4'),
    'unbalanced_quote',
  ],
  [
    '200 MB of blank lines',
    () => sendEndless('text/csv', '+447911123456\n', blanks),
    'too_many_bytes',
  ],
  [
    'a JSON text of 200 MB',
    () => sendEndless('application/json', `${jsonStart}"`, '4'),
    'line_too_long',
  ],
  [
    'JSON nested 200 M deep',
    () => sendEndless('application/json', jsonStart, '['),
    'line_too_long',
  ],
  [
    '200 MB of JSON beside the numbers',
    () => sendEndless('application/json', '{"name":"', 'x'),
    'body_too_large',
  ],
  ['a part of 200 MB', () => sendEndless(multipart, part, blanks), 'too_many_bytes'],
  [cutOff, () => sendEndless(multipart, 'x', 'x'), 'body_too_large'],
  ['a gzip bomb of 200 MB of lines', () => postGzip(bomb(blanks)), 'too_many_bytes'],
  ['a gzip bomb of one line of 200 MB', () => postGzip(bomb('4')), 'line_too_long'],
];

test.runIf(process.platform === 'linux')(
  'uploads without end are refused, and all ten of 200 MB together take less memory than one of them',
  async () => {
    // Once, so that what is loaded and compiled for a first upload is not counted as one's.
    await postGzip(gzipSync('+447911123456\n'.repeat(400_000)));
    const first_mb = await mostMemory_mb();
    const countJobs = async () =>
      (await database.query('SELECT count(*)::int AS jobs FROM store.jobs')).rows;
    const jobsBefore = await countJobs();
    const lines: string[] = [];
    for (const [name, send, code] of endless) {
      const before_mb = await mostMemory_mb();
      // Who is cut off while it sends without end may be reset before it has read why.
      expect(name === cutOff ? [code, ''] : [code], name).toContain(await send());
      lines.push(
        `${name.padEnd(36)} ${code.padEnd(16)} + ${(await mostMemory_mb()) - before_mb} MB`,
      );
    }
    const most_mb = await mostMemory_mb();
    console.log(
      [...lines, `most at any time: ${most_mb} MB, of which ${first_mb} MB before`].join('\n'),
    );
    // What kept one of them whole would be seen, whatever the collector of garbage leaves lying.
    expect(most_mb - first_mb).toBeLessThan(150);
    expect(await countJobs()).toEqual(jobsBefore);
  },
);

test.runIf(process.platform === 'linux')(
  'an API that is killed in the middle of uploads leaves no job, no row and no file of any of them',
  async () => {
    const jobs = async () => {
      const tables = ['jobs', 'job_numbers', 'rejects', 'blobs', 'blob_parts', 'idempotency_keys'];
      const counts = tables.map(
        (table) => `(SELECT count(*)::int FROM store.${table}) AS ${table}`,
      );
      return (await database.query(`SELECT ${counts.join(', ')}`)).rows[0];
    };
    const before = await jobs();
    // 7 MB: the numbers and the rejects have outgrown memory, and are in files.
    const lines = Array.from(
      { length: 300_000 },
      (_, at) => `+4479${10_000_000 + at * 37}\nnone ${at}\n`,
    );
    const many = lines.join('');
    const manyInJson = `${lines.map((line) => `"${line.split('\n')[0]}"`).join(',')},`;
    const cuts: readonly (readonly [string, string])[] = [
      ['text/csv', ''],
      ['text/csv', '+4479111'],
      ['text/csv', many],
      ['application/json', jsonStart.slice(0, 20)],
      ['application/json', `${jsonStart}${manyInJson}`],
      [multipart, part.slice(0, 20)],
      [multipart, `${part}${many}`],
      [multipart, `${part}${many}\r\n--b--`],
    ];
    const sockets = await Promise.all(
      cuts.map(async ([contentType, body]) => {
        const socket = await openRaw(api.url);
        await new Promise<void>((resolve) => {
          socket.write(head(contentType, 'content-length: 40000000'), () => {
            if (body === '') resolve();
            else socket.write(body, () => resolve());
          });
        });
        return socket;
      }),
    );
    // All that was sent has been read when its files are there: one a name, of those that outgrew memory.
    await expect.poll(() => openFilesIn(folder), { timeout: 60_000 }).toBeGreaterThanOrEqual(4);
    expect(await api.stop('SIGKILL')).toBe(null);
    for (const socket of sockets) socket.destroy();
    expect(await jobs()).toEqual(before);
    expect(await readdir(folder)).toEqual([]);
  },
);

/** Files of the folder that the process holds open, which have no name any more. */
async function openFilesIn(directory: string): Promise<number> {
  const fds = await readdir(`/proc/${api.processId}/fd`);
  const paths = await Promise.all(
    fds.map((fd) => readlink(`/proc/${api.processId}/fd/${fd}`).catch(() => '')),
  );
  return paths.filter((path) => path.startsWith(directory)).length;
}
