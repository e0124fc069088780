import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, type Json, limits, openGround } from '../testing/ground.ts';
import { type Head, type IntakeCase, intakeCases } from '../testing/intake-cases.ts';
import { type Poster, posterTo, query } from '../testing/post-job.ts';
import { openRaw } from '../testing/raw-request.ts';

// Every case of the intake list, with its answer word for word, and nothing stored where it was refused. The same list is docs/intake.md.

/** Uploads may come at any pace here, and with hurry in the other. */
let calm: Ground;
let hurried: Ground;
const bearers = new Map<Ground, string>();
let poster: Poster;
beforeAll(async () => {
  calm = await openGround({
    limits: { intake: { ...limits.intake, maxLineBytes: 65_536 } },
  });
  hurried = await openGround({
    limits: {
      slowBodies: { bodyTimeout_ms: 1_000, uploadBytesPerSecondMin: 100, slowAfter_ms: 1_000 },
    },
  });
  for (const ground of [calm, hurried]) bearers.set(ground, await ground.bearer(['admin']));
  poster = posterTo(calm, bearers.get(calm) ?? '');
});
afterAll(() => Promise.all([calm.close(), hurried.close()]));

const groundOf = (given: IntakeCase) => (given.send.as === 'drip' ? hurried : calm);

describe('an upload that is', () => {
  test.for(intakeCases)('$name', async (given) => {
    const ground = groundOf(given);
    const before = await storedRows(ground);
    const answer = await send(given);
    expect(await describeAnswer(ground, answer)).toBe(given.answer);
    // What a caller wrote stands in no answer, but where it is the name of a field.
    expect(JSON.stringify(answer.body)).not.toContain('7911123456');
    if (answer.status !== 202) expect(await storedRows(ground)).toEqual(before);
    expect(await readdir(tmpdir())).toEqual([]);
  });
});

test('docs/intake.md has the same cases, with the same answers', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/intake.md'), 'utf8');
  const rows = [...page.matchAll(/^\| ([^|]+?) +\| ((?:202:|4\d\d `)[^|]+?) +\|$/gm)];
  const told = rows.map(([, name, answer]) => `${name}: ${answer}`);
  expect(told).toEqual(intakeCases.map(({ name, answer }) => `${name}: ${answer}`));
});

interface Answer {
  readonly status: number;
  readonly body: Json;
}

async function send(given: IntakeCase): Promise<Answer> {
  const { send: how } = given;
  switch (how.as) {
    case 'file': {
      const search = new URLSearchParams({ ...Object.fromEntries(query), ...how.options });
      return answered(await poster.post(how.body(), { 'content-type': 'text/plain' }, search));
    }
    case 'json':
      return answered(await poster.postJson(how.body()));
    case 'form':
      return answered(await poster.post(how.form()));
    case 'bytes':
      return await sendBytes(calm, how.head, how.bytes(), null);
    case 'drip':
      return await sendBytes(hurried, how.head, [how.bytes], how.drop);
  }
}

function answered({
  response,
  body,
}: {
  readonly response: Response;
  readonly body: Json;
}): Answer {
  return { status: response.status, body };
}

/** Writes a request by hand until it is answered. `drop`: what goes on coming; null: the body ends, where it has no length. */
async function sendBytes(
  ground: Ground,
  head: Head,
  bytes: Iterable<string | Buffer>,
  drop: string | null,
): Promise<Answer> {
  const socket = await openRaw(ground.url);
  const answer = readAnswer(socket);
  const framed = (piece: string | Buffer): Buffer => {
    const content = Buffer.from(piece as string);
    if (head.length !== undefined) return content;
    const size = Buffer.from(`${content.length.toString(16)}\r\n`);
    return Buffer.concat([size, content, Buffer.from('\r\n')]);
  };
  socket.write(headText(head, bearers.get(ground) ?? ''));
  for (const piece of bytes) {
    if (answer.said() !== '') break;
    if (piece.length > 0 && !socket.write(framed(piece))) {
      await Promise.race([once(socket, 'drain').catch(() => undefined), answer.whole]);
    }
  }
  const dripping =
    drop === null || drop === '' ? null : setInterval(() => socket.write(framed(drop)), 100);
  if (drop === null && head.length === undefined) socket.write('0\r\n\r\n');
  const said = await answer.whole;
  if (dripping) clearInterval(dripping);
  socket.destroy();
  const body = /\r\n\r\n[0-9a-f]*(?:\r\n)?(\{[^]*\})/.exec(said)?.[1] ?? 'null';
  return { status: Number(said.slice(9, 12)), body: JSON.parse(body) };
}

/** All that comes until an answer is whole, or its connection is gone, in whichever way. */
function readAnswer(socket: Socket) {
  let said = '';
  const whole = new Promise<string>((resolve) => {
    socket.setEncoding('utf8').on('data', (piece: string) => {
      said += piece;
      const [head = '', body] = said.split('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
      if (body !== undefined && Buffer.byteLength(body) >= length) resolve(said);
    });
    socket.once('close', () => resolve(said));
  });
  return { said: () => said, whole };
}

function headText({ contentType, length, options }: Head, authorization: string): string {
  return [
    `POST /v1/jobs${options ? `?${query.toString()}` : ''} HTTP/1.1`,
    'host: x',
    `authorization: ${authorization}`,
    `content-type: ${contentType}`,
    length === undefined ? 'transfer-encoding: chunked' : `content-length: ${length}`,
    '\r\n',
  ].join('\r\n');
}

/** An answer as the page writes it: what was accepted and which lines were not; or the code, the place, and what raises the limit. */
async function describeAnswer(ground: Ground, { status, body }: Answer): Promise<string> {
  if (status !== 202) {
    const pointers = (body.errors ?? []).map((error: Json) => `\`${error.pointer}\``);
    const line = body.line === undefined ? [] : [`line ${body.line}`];
    const variables = (String(body.detail).match(/ROLLCALL_[A-Z_]+/g) ?? []).map(
      (name) => `\`${name}\``,
    );
    // Whoever is told which setting stopped them is told its value, too.
    if (variables.length > 0) expect(body.detail).toMatch(/\d{3}/);
    return [`${status} \`${body.code}\``, ...line, ...pointers, ...variables].join(', ');
  }
  const { rows } = await ground.database.query<{ line: number; reason: string }>(
    'SELECT line, reason FROM rollcall.rejects WHERE job_id = $1 ORDER BY line',
    [body.id],
  );
  const rejected = rows.map(({ line, reason }) => `line ${line} \`${reason}\``);
  return [`202: ${body.counts?.accepted ?? body.accepted} accepted`, ...rejected].join('; ');
}

/** Of everything that a job is made of. */
async function storedRows({ database }: Ground): Promise<unknown> {
  const tables = [
    'jobs',
    'job_numbers',
    'rejects',
    'job_rejects',
    'blobs',
    'blob_parts',
    'idempotency_keys',
  ];
  const counts = tables.map((table) => `(SELECT count(*)::int FROM store.${table}) AS ${table}`);
  const { rows } = await database.query(`SELECT ${counts.join(', ')}`);
  return rows[0];
}
