import { randomBytes } from 'node:crypto';
import { makeId } from '@rollcall/domain';
import { numberDigests } from '@rollcall/privacy';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { suppressionCheck } from '../suppression-check.ts';
import { type Ground, layGround } from '../testing/ground.ts';
import { askErasure } from './erasures.ts';
import { checkSuppressionSecrets, countSecretUses } from './suppression-secrets.ts';
import {
  addSuppressions,
  countSuppressions,
  readSuppressionVersion,
  removeSuppressions,
} from './suppressions.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const old = { id: 'old', secret: 'the-secret-of-before-for-tests-and-nothing-else' };
const current = { id: 'new', secret: 'the-secret-of-now-for-tests-and-nothing-else' };
const number = 447_911_123_456;
const add = (numbers: readonly number[], secrets = [current, old]) =>
  ground.db.transaction('test', (tx) =>
    addSuppressions(tx, 1, numbers, numberDigests(secrets), 'objection'),
  );

test('while nothing is on the list, nobody needs a secret, and no number is looked at', async () => {
  expect(await checkSuppressionSecrets(ground.db, numberDigests([]))).toEqual([]);
  const untouched: AsyncIterable<Float64Array> = {
    [Symbol.asyncIterator]() {
      throw new Error('the numbers were looked at');
    },
  };
  const statements: string[] = [];
  const query = (text: string, values: unknown[]) => {
    statements.push(text);
    return ground.db.query(text, values);
  };
  const db = { ...ground.db, query } as Ground['db'];
  const found = await suppressionCheck(numberDigests([])).find(db, 1, untouched);
  expect(found).toMatchObject({ version: 0, suppressed: new Float64Array() });
  expect(statements).toEqual([expect.stringContaining('FROM store.suppression_lists')]);
});

test('a number that is added twice, or was there under an older secret, is there once', async () => {
  expect(await add([number], [old])).toBe(1);
  expect(await add([number, number, 447_911_123_457])).toBe(1);
  expect((await countSuppressions(ground.db, 1)).entries).toEqual([
    { secretId: 'new', why: 'objection', numbers: 2 },
  ]);
});

test('a list is another one where something came or went, and no other time; what came since a version is known by it', async () => {
  const { db } = ground;
  const numbers = [447_916_000_000, 447_916_000_001, 447_916_000_002] as const;
  const version = () => readSuppressionVersion(db, 1);
  const take = (taken: number) =>
    db.transaction('test', (tx) =>
      removeSuppressions(tx, 1, [taken], numberDigests([current]), { endsErasures: true }),
    );
  await add(numbers.slice(0, 2), [old]);
  const before = await version();
  expect(await add([numbers[0]], [old])).toBe(0);
  // The same number under another secret is the same list.
  expect(await add([numbers[0]])).toBe(0);
  expect(await take(numbers[2])).toEqual({ kind: 'removed', count: 0 });
  expect(await version()).toBe(before);

  const held = suppressionCheck(numberDigests([current, old])).hold(1, Float64Array.of(...numbers));
  expect([...(await held.since(db, before)).suppressed]).toEqual([]);
  expect(await add([447_916_000_009, numbers[2]])).toBe(2);
  expect(await version()).toBe(before + 1);
  const found = await held.since(db, before);
  expect([found.version, ...found.suppressed]).toEqual([before + 1, numbers[2]]);
  expect([...(await held.since(db, 0)).suppressed]).toEqual([...numbers]);
  expect([...(await held.since(db, before + 1)).suppressed]).toEqual([]);
  expect(await take(numbers[2])).toEqual({ kind: 'removed', count: 1 });
  expect(await version()).toBe(before + 2);
});

test('a process that lacks a secret which is needed, or has another by its name, is told so, and not the secret', async () => {
  await add([447_911_123_458], [old]);
  expect(await checkSuppressionSecrets(ground.db, numberDigests([current, old]))).toEqual([]);
  const lacking = await checkSuppressionSecrets(ground.db, numberDigests([current]));
  expect(lacking).toEqual([expect.stringContaining('the secret old, which is not configured')]);
  const other = { id: 'old', secret: 'another-secret-under-the-same-name-for-tests' };
  const changed = await checkSuppressionSecrets(ground.db, numberDigests([current, other]));
  expect(changed).toEqual([expect.stringContaining('the secret old is another')]);
  expect(JSON.stringify([lacking, changed])).not.toContain('for-tests');
});

test('changes at once count the version up one by one, so that none is overlooked', async () => {
  const before = await readSuppressionVersion(ground.db, 1);
  await Promise.all(Array.from({ length: 5 }, (_, index) => add([447_911_200_000 + index])));
  expect(await readSuppressionVersion(ground.db, 1)).toBe(before + 5);
});

test('a list is read whole, whatever secrets its entries stand under', async () => {
  const numbers = Array.from({ length: 2_000 }, (_, index) => 447_912_000_000 + index);
  await add(numbers.slice(0, 1_000), [old]);
  await add(numbers.slice(1_000));
  const asked = Float64Array.from([447_911_999_999, ...numbers, 447_912_999_999]);
  const digests = numberDigests([current, old]);
  const found = await suppressionCheck(digests).find(ground.db, 1, [asked]);
  expect([...found.suppressed]).toEqual(numbers);
});

test('a process does not let a number go whose entry was moved to a secret that it was started without', async () => {
  const moved = 447_913_000_000;
  const { db } = ground;
  await db.query("DELETE FROM store.suppressions WHERE secret_id = 'new'");
  await add([moved], [old]);
  const before = suppressionCheck(numberDigests([old]));
  const asked = [Float64Array.of(moved)];
  expect([...(await before.find(db, 1, asked)).suppressed]).toEqual([moved]);
  const found = await suppressionCheck(numberDigests([current, old])).find(db, 1, asked);
  await db.transaction('test', (tx) => found.renew(tx));
  await expect(before.find(db, 1, asked)).rejects.toThrow('a secret that is not configured');
});

test('a number is taken off the list also while its entry is being moved to the current secret', async () => {
  const moved = 447_917_000_000;
  const { db } = ground;
  await add([moved], [old]);
  const digests = numberDigests([current, old]);
  const found = await suppressionCheck(digests).find(db, 1, [Float64Array.of(moved)]);
  const taken = db.transaction('test', async (tx) => {
    await found.renew(tx);
    const taking = db.transaction('test', (other) =>
      removeSuppressions(other, 1, [moved], digests, { endsErasures: false }),
    );
    await waitFor(
      async () =>
        (
          await db.query(
            'SELECT FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0',
          )
        ).rowCount === 1,
      { describe: 'the other to wait' },
    );
    return { taking };
  });
  expect(await (await taken).taking).toEqual({ kind: 'removed', count: 1 });
  expect([
    ...(await suppressionCheck(digests).find(db, 1, [Float64Array.of(moved)])).suppressed,
  ]).toEqual([]);
});

test('a secret is needed for what was erased under it, too, and is told by what needs it', async () => {
  const { db } = ground;
  const erased = 447_914_000_000;
  const id = makeId('erasure', Date.now(), randomBytes(10));
  const asked = { tenantId: 1, number: erased, askedBy: 'a test', requestedBy: 'a test' };
  await db.query('DELETE FROM store.suppressions');
  await db.transaction('test', (tx) =>
    askErasure(tx, { ...asked, id, reason: 'a test' }, numberDigests([old])),
  );
  const uses = async () =>
    (await countSecretUses(db, 1)).find(({ secretId }) => secretId === 'old');
  const lacking = () => checkSuppressionSecrets(db, numberDigests([current]));
  expect(await uses()).toEqual({ secretId: 'old', numbers: 1, erased: 1, receipts: 0 });
  expect(await lacking()).toEqual([
    expect.stringContaining('the suppression list has numbers under the secret old'),
    expect.stringContaining('numbers are being erased under the secret old'),
  ]);
  // Its entry is moved, and it is done.
  await add([erased]);
  await db.query('SELECT store.ensure_month(current_date)');
  await db.query(
    `WITH done AS (UPDATE store.erasures SET number = NULL, due_at = NULL, done_at = now() WHERE id = $1 RETURNING *)
     INSERT INTO store.erased_numbers (job_day, tenant_id, job_no, secret_id, digest, erasure_id)
     SELECT current_date, tenant_id, 1, secret_id, digest, id FROM done`,
    [id],
  );
  expect(await uses()).toEqual({ secretId: 'old', numbers: 0, erased: 1, receipts: 1 });
  expect(await lacking()).toEqual([
    expect.stringContaining('numbers were erased under the secret old'),
  ]);
  // Its job's rows are dropped, and the receipt stays.
  await db.query('DELETE FROM store.erased_numbers');
  expect(await uses()).toEqual({ secretId: 'old', numbers: 0, erased: 0, receipts: 1 });
  expect(await lacking()).toEqual([]);
});

test('a new secret that is known everywhere before it is the current one lets no process throw, and no number go', async () => {
  const { db } = ground;
  await db.query('DELETE FROM store.suppressions');
  // What a process is started with: before, the new one behind, the new one in front, and once nothing stands under the old one.
  const stages = [[old], [old, current], [current, old], [current]];
  let next = 447_915_000_000;
  for (const [index, stage] of stages.entries()) {
    // Of two stages at once, as while processes are started anew one by one, each finds what the other wrote.
    const together = [stages[index - 1] ?? stage, stage];
    if (index === stages.length - 1) {
      await add(Array.from({ length: next - 447_915_000_000 }, (_, at) => 447_915_000_000 + at));
    }
    for (const writing of together) {
      next += 1;
      await add([next - 1], writing);
      for (const reading of together) {
        const numbers = Float64Array.from(
          { length: next - 447_915_000_000 },
          (_, at) => 447_915_000_000 + at,
        );
        const found = await suppressionCheck(numberDigests(reading)).find(db, 1, [numbers]);
        expect([...found.suppressed]).toEqual([...numbers]);
        await db.transaction('test', (tx) => found.renew(tx));
        expect(await checkSuppressionSecrets(db, numberDigests(reading))).toEqual([]);
      }
    }
  }
});
