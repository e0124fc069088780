import { once } from 'node:events';
import type { Socket } from 'node:net';
import { waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { answerJob } from '../testing/answer-job.ts';
import { insertAnsweredJob } from '../testing/answered-job.ts';
import { exportOf } from '../testing/export-of.ts';
import { addTenant, type Ground, openGround } from '../testing/ground.ts';
import { posterTo, query } from '../testing/post-job.ts';
import { openRaw, sendRaw } from '../testing/raw-request.ts';

/** Enough bytes that no socket's buffers hold them. */
const rows = 30_000;
const attributes = { filler: 'x'.repeat(700) };

let ground: Ground;
let authorization: string;
let job: string;
const sockets: Socket[] = [];
beforeAll(async () => {
  ground = await openGround({ limits: { connectionTimeout_ms: 3_000 } });
  authorization = await ground.bearer(['results:read', 'jobs:write']);
  const numbers = Array.from({ length: rows }, (_, at) => `+4479111${String(at).padStart(5, '0')}`);
  const stored = await posterTo(ground, authorization).post(
    numbers.join('\n'),
    { 'content-type': 'text/plain' },
    query,
  );
  job = stored.body.id;
  await answerJob(ground.database, job, () => ({ outcome: 'registered', attributes }));
}, 180_000);
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(() => ground.close());

/** A client that takes the first bytes and then no more. */
async function stallingReader(): Promise<Socket> {
  const socket = await openRaw(ground.url);
  sockets.push(socket);
  socket.write(
    `GET /v1/jobs/${job}/export?format=ndjson HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n\r\n`,
  );
  await once(socket, 'readable');
  return socket;
}

const ended = (reason: string) =>
  ground
    .logged()
    .split('\n')
    .filter((line) => line.includes('export.finished') && line.includes(`"${reason}"`)).length;

/** Statements and transactions of this database that are not over. */
async function busyConnections(): Promise<number> {
  const { rows: busy } = await ground.database.query<{ busy: number }>(
    `SELECT count(*) AS busy FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'rollcall api test' AND state <> 'idle' AND pid <> pg_backend_pid()`,
  );
  return busy[0]?.busy ?? -1;
}

describe('a reader that stalls', () => {
  test('holds no transaction and no connection to Postgres, and is cut when it stays silent', async () => {
    const before = ended('client_went_away');
    await stallingReader();
    await waitFor(async () => (await busyConnections()) === 0, { describe: 'no statement to run' });
    expect(ended('client_went_away')).toBe(before);
    await waitFor(() => ended('client_went_away') === before + 1, {
      timeoutMs: 60_000,
      describe: 'the connection to be cut',
    });
  }, 180_000);
});

describe('an export that Postgres is slow to give', () => {
  test('is waited for, longer than a reader may stall', async () => {
    const [{ status }] = await Promise.all([
      exportOf(ground, authorization, job, 'format=csv'),
      // As long as it takes to be longer than that.
      ground.database.transaction('test', async (tx) => {
        await tx.query('LOCK TABLE store.results');
        await tx.query('SELECT pg_sleep(5)');
      }),
    ]);
    expect(status).toBe(200);
  }, 180_000);
});

describe('a client that goes away', () => {
  test('ends its export, and leaves its place to the next; meanwhile other tenants have the other half', async () => {
    const before = ended('client_went_away');
    for (let taken = 0; taken < 2; taken += 1) await stallingReader();
    const refused = await exportOf(ground, authorization, job);
    expect([refused.status, JSON.parse(refused.text).code]).toEqual([429, 'too_many_exports']);
    expect(refused.headers.get('retry-after')).toBe('2');
    const tenantId = await addTenant(ground.database);
    const others = await insertAnsweredJob(ground.database, { tenantId });
    const theirs = await ground.bearer(['results:read'], tenantId);
    expect((await exportOf(ground, theirs, others, 'partial=true')).status).toBe(200);
    for (const socket of sockets.splice(0)) socket.destroy();
    await waitFor(() => ended('client_went_away') === before + 2, { describe: 'both to end' });
    const { objects } = await exportOf(ground, authorization, job, 'format=ndjson');
    expect(objects()).toHaveLength(rows);
  }, 180_000);
});

describe('a client or proxy of HTTP/1.0', () => {
  test('is refused, since it could not tell a cut export from a whole one', async () => {
    const answer = await sendRaw(
      ground.url,
      `GET /v1/jobs/${job}/export HTTP/1.0\r\nAuthorization: ${authorization}\r\n\r\n`,
    );
    expect(answer).toContain('http_version_too_old');
  });
});

describe('an export that fails on the way', () => {
  test.each(['csv', 'ndjson', 'xlsx'])(
    'as %s is a broken connection and no clean end',
    async (format) => {
      const before = ended('failed');
      // Its last row is of a chunk that nobody has closed.
      await ground.database.query(
        `UPDATE store.results SET chunk_no = 2 WHERE number = (SELECT max(number) FROM store.results)`,
      );
      await expect(exportOf(ground, authorization, job, `format=${format}`)).rejects.toThrow(
        'terminated',
      );
      await ground.database.query('UPDATE store.results SET chunk_no = 1 WHERE chunk_no = 2');
      expect(ended('failed')).toBe(before + 1);
    },
    30_000,
  );

  test.each(['results', 'upload'])(
    'by %s is no whole one either where a row of a closed job has gone',
    async (shape) => {
      const { rows: gone } = await ground.database.query<{ number: number }>(
        `DELETE FROM store.results WHERE number = (SELECT max(number) FROM store.results) RETURNING to_jsonb(results) AS row, number`,
      );
      await expect(exportOf(ground, authorization, job, `shape=${shape}`)).rejects.toThrow(
        'terminated',
      );
      await ground.database.query(
        `INSERT INTO store.results SELECT * FROM jsonb_populate_record(NULL::store.results, $1)`,
        [JSON.stringify((gone[0] as { row?: unknown } | undefined)?.row)],
      );
    },
    30_000,
  );

  test('before its first byte is an ordinary error', async () => {
    const before = ended('failed');
    await ground.database.query('UPDATE store.results SET chunk_no = 2');
    const { status, text } = await exportOf(ground, authorization, job, 'format=ndjson');
    await ground.database.query('UPDATE store.results SET chunk_no = 1');
    expect([status, JSON.parse(text).code]).toEqual([500, 'internal']);
    expect(ended('failed')).toBe(before + 1);
  });
});
