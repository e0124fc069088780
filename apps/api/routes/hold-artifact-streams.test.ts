import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { zstdCompressSync } from 'node:zlib';
import { postgresBlobs } from '@rollcall/db';
import { waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { addTenant, type Ground, openGround } from '../testing/ground.ts';
import { insertHeldAccepted } from '../testing/held-chunk.ts';
import { openRaw } from '../testing/raw-request.ts';

/** More than the buffers of two sockets hold, and of several parts. */
const file = randomBytes(16 * 1_048_576);

let ground: Ground;
let authorization: string;
let chunk: string;
const sockets: Socket[] = [];
beforeAll(async () => {
  ground = await openGround({ limits: { connectionTimeout_ms: 3_000 } });
  authorization = await ground.bearer(['results:read']);
  chunk = await holdWith(file, 'identity');
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(() => ground.close());

/** A chunk that is held for its file. */
async function holdWith(
  bytes: Buffer,
  encoding: 'identity' | 'zstd',
  tenantId = 1,
): Promise<string> {
  const { chunkId } = await insertHeldAccepted(ground.database, 'artifact', tenantId);
  const id = `art_${chunkId.slice(4)}`;
  const { rows } = await ground.database.query<{ jobDay: string; jobNo: number }>(
    `SELECT j.job_day AS "jobDay", j.job_no AS "jobNo" FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no WHERE c.id = $1`,
    [chunkId],
  );
  const [job] = rows;
  if (!job) throw new Error('the chunk has no job');
  const kept = encoding === 'zstd' ? zstdCompressSync(bytes) : bytes;
  await ground.database.transaction('test', async (tx) => {
    await postgresBlobs(tx).write(
      tx,
      { id, tenantId, ...job, kind: 'artifact', encoding },
      (async function* () {
        yield kept;
      })(),
      () => ({ sha256: createHash('sha256').update(bytes).digest(), byteCount: bytes.length }),
    );
    await tx.query('UPDATE store.chunks SET artifact_id = $2 WHERE id = $1', [chunkId, id]);
  });
  return chunkId;
}

const download = (chunkId: string, by = authorization, method = 'GET') =>
  fetch(`${ground.url}/v1/holds/${chunkId}/artifact`, { method, headers: { authorization: by } });
const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer());

/** A client that takes the first bytes and then no more. */
async function stallingReader(): Promise<Socket> {
  const socket = await openRaw(ground.url);
  sockets.push(socket);
  socket.write(
    `GET /v1/holds/${chunk}/artifact HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n\r\n`,
  );
  await once(socket, 'readable');
  return socket;
}

const refusedPlace = async () => {
  const refused = await download(chunk);
  const { code } = (await refused.json()) as { readonly code: string };
  return [refused.status, code, refused.headers.get('retry-after')];
};
const full = [429, 'too_many_exports', '2'];

/** Waits for a file to be sent again, to the last byte. */
const untilSent = () =>
  waitFor(
    async () => {
      const answer = await download(chunk);
      const bytes = await bytesOf(answer);
      return answer.status === 200 && bytes.equals(file);
    },
    { timeoutMs: 60_000, describe: 'a place to be free' },
  );

describe('files that are read at a time', () => {
  test('are as many as may be, half of them of one tenant; one that goes away leaves its place', async () => {
    for (let taken = 0; taken < 2; taken += 1) await stallingReader();
    expect(await refusedPlace()).toEqual(full);
    expect((await download(chunk, authorization, 'HEAD')).status).toBe(200);
    const tenantId = await addTenant(ground.database);
    const theirs = await ground.bearer(['results:read'], tenantId);
    const small = Buffer.from('447911123456\r\n');
    const answer = await download(await holdWith(small, 'zstd', tenantId), theirs);
    expect([answer.status, await bytesOf(answer)]).toEqual([200, small]);
    sockets.shift()?.destroy();
    await untilSent();
  });

  test('are cut where their reader takes nothing any more', async () => {
    const readers = [await stallingReader(), await stallingReader()];
    expect(await refusedPlace()).toEqual(full);
    await untilSent();
    expect(readers.map(({ destroyed }) => destroyed)).toEqual([false, false]);
  });
});

test('a file that Postgres is slow to give is waited for, longer than a reader may stall', async () => {
  const [bytes] = await Promise.all([
    download(chunk).then(bytesOf),
    // As long as it takes to be longer than that.
    ground.database.transaction('test', async (tx) => {
      await tx.query('LOCK TABLE store.blob_parts');
      await tx.query('SELECT pg_sleep(5)');
    }),
  ]);
  expect(bytes.equals(file)).toBe(true);
});

test('without the trail nothing is sent, and no place is lost', async () => {
  const may = (verb: string) =>
    ground.database.query(
      `${verb} rollcall_api`.replace('?', 'EXECUTE ON FUNCTION store.append_audit'),
    );
  await may('REVOKE ? FROM');
  for (let tried = 0; tried < 3; tried += 1) {
    const answer = await download(chunk);
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ code: 'internal' });
  }
  await may('GRANT ? TO');
  expect((await bytesOf(await download(chunk))).equals(file)).toBe(true);
});

test.each(['identity', 'zstd'] as const)(
  'a file of which a part went while it was read (%s) is a broken connection and no clean end',
  async (encoding) => {
    const cut = await holdWith(file, encoding);
    await ground.database.query('DELETE FROM store.blob_parts WHERE blob_id = $1 AND part_no > 9', [
      `art_${cut.slice(4)}`,
    ]);
    const answer = await download(cut);
    expect(answer.status).toBe(200);
    await expect(answer.arrayBuffer()).rejects.toThrow('terminated');
    const failed = (line: string) => line.includes('"http.failed"') && line.includes(cut);
    expect(ground.logged().split('\n').filter(failed)).toHaveLength(1);
  },
  30_000,
);
