import { parseMoney } from '@rollcall/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, layGround, row } from '../testing/ground.ts';
import { countUsage, foreseeUsage, type JobUsage, unlessRefused } from './count-usage.ts';
import { createApiKey } from './make-key.ts';
import { revokeApiKey } from './revoke-key.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const count = (job: JobUsage) =>
  unlessRefused(ground.db.transaction('job.receive', (tx) => countUsage(tx, job)));

test.each([
  [
    'expired',
    (id: string) =>
      ground.db.query(
        "UPDATE store.api_keys SET expires_at = now() - interval '1 second' WHERE id = $1",
        [id],
      ),
  ],
  ['was revoked', (id: string) => revokeApiKey(ground.db, 1, id)],
])('a job that came in while its key %s is not counted, and so not stored', async (_how, end) => {
  const { id } = await createApiKey(ground.db, { tenantId: 1, name: 'ci', scopes: ['jobs:write'] });
  const cost = parseMoney('0.5');
  if (cost === null) throw new Error('no money');
  const job = { tenantId: 1, keyId: id, numbers: 3, cost, currency: 'USD' };
  expect(await foreseeUsage(ground.db, job)).toBeNull();
  await count(job);
  await end(id);
  expect(await foreseeUsage(ground.db, job)).toEqual({ kind: 'key_ended' });
  expect(await count(job)).toEqual({ kind: 'key_ended' });
  const { used } = await row(
    ground,
    "SELECT used::text FROM store.usage WHERE subject = $1 AND unit = 'numbers'",
    [id],
  );
  expect(Number(used)).toBe(3);
});
