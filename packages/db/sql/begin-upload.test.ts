import { numberDigests } from '@rollcall/privacy';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { suppressionCheck } from '../suppression-check.ts';
import { type Ground, layGround } from '../testing/ground.ts';
import { claim, plan, receive, someNumbers } from '../testing/walk-chunk.ts';
import { beginUpload } from './begin-upload.ts';
import { addSuppressions } from './suppressions.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const digests = numberDigests([
  { id: 'test', secret: 'a-secret-for-tests-and-nothing-else-at-all' },
]);
const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0`;

test('an upload that waited for its chunk is not begun with a number that was put on the list meanwhile', async () => {
  const numbers = someNumbers(3, 48_700_000_000);
  const [chunkId = ''] = await plan(ground, await receive(ground, numbers), [{ size: 3 }]);
  const claimed = await claim(ground, chunkId);
  const held = suppressionCheck(digests).hold(1, numbers);
  const upload = { ...claimed, lease_ms: 60_000, sha256: new Uint8Array(32), numbers: held };
  let begun: Promise<string> | undefined;
  await ground.db.transaction('test', async (tx) => {
    await tx.query('SELECT FROM store.chunks WHERE id = $1 FOR NO KEY UPDATE', [chunkId]);
    begun = beginUpload(ground.db, upload);
    await waitFor(async () => (await ground.db.query(waiting)).rowCount, {
      describe: 'the upload to wait for its chunk',
    });
    await ground.db.transaction('test', (other) =>
      addSuppressions(other, 1, [numbers[1] ?? 0], digests, 'objection'),
    );
  });
  expect(await begun).toBe('list_changed');
});
