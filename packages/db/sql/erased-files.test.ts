import { numberDigests } from '@rollcall/privacy';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, layGround } from '../testing/ground.ts';
import { archive, readyChunk, startIngest, untilResult } from '../testing/walk-chunk.ts';
import { type KeptFile, replaceFile } from './erased-files.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const digests = numberDigests([{ id: 'a', secret: 'a-secret-for-tests-and-nothing-else' }]);

test('of a file that could not be written anew nothing is left that tells of its bytes', async () => {
  const { chunkId } = await readyChunk(ground, 2);
  await untilResult(ground, chunkId);
  const claim = await startIngest(ground, chunkId);
  const { id } = await archive(ground, claim);
  const headers = {
    etag: '"0f343b0931126a20f133d67c2b018a3b"',
    'content-length': '6',
    server: 'x',
  };
  await ground.db.query('UPDATE store.artifacts SET headers = $2 WHERE id = $1', [id, headers]);
  const { jobDay, tenantId, jobNo } = claim;
  const found = { id, jobDay, tenantId, jobNo, kind: 'artifact', encoding: 'identity' } as const;
  const file = { ...found, sha256: Buffer.alloc(32), reading: null } as unknown as KeptFile;
  const replace = () =>
    ground.db.transaction('test', (tx) => replaceFile(tx, file, [], null, digests));
  expect(await replace()).toBe(true);
  const { rows } = await ground.db.query(
    `SELECT sha256 = sha256('') AS of_nothing, byte_count, headers, (SELECT count(*) FROM store.blobs WHERE id = $1) AS blobs,
            (SELECT count(*) FROM store.blob_parts WHERE blob_id = $1) AS parts FROM store.artifacts WHERE id = $1`,
    [id],
  );
  expect(rows).toEqual([
    { of_nothing: true, byte_count: 0, headers: { server: 'x' }, blobs: 0, parts: 0 },
  ]);
  expect(await replace()).toBe(false);
});
