import { randomBytes } from 'node:crypto';
import { type ChunkId, makeId } from '@rollcall/domain';
import { numberDigests } from '@rollcall/privacy';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { account, type Ground, layGround } from '../testing/ground.ts';
import { approval, heldAsUnknown, heldWithArtifact, person } from '../testing/held-chunks.ts';
import { plan, receive, someNumbers } from '../testing/walk-chunk.ts';
import { confirmSemantics, pauseAccount, resumeAccount } from './accounts.ts';
import { askReplay } from './ask-replay.ts';
import { resetBreaker } from './breaker.ts';
import { cancelJob } from './control-job.ts';
import { giveUp, payAgain } from './decide-held.ts';
import { dropMonths } from './drop-months.ts';
import { claimErasures, finishErasure, seeErasures } from './erase-number.ts';
import { askErasure } from './erasures.ts';

/** What the trail says of the verbs that no page of the API's tests looks at: each once, by whom and why. */
let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const who = { actor: person.decidedBy, purpose: person.why };
const by = { tenantId: 1, actor: person.decidedBy, why: person.why };

/** What an act adds to a chain. */
async function told(act: () => Promise<unknown>, chain = 1): Promise<readonly object[]> {
  const rows = async (after: number) =>
    (
      await ground.db.query<{ number: number }>(
        `SELECT number, actor, action, subject, purpose, counts, detail FROM store.audit_trail WHERE chain = $1 AND number > $2 ORDER BY number`,
        [chain, after],
      )
    ).rows;
  const before = (await rows(0)).at(-1)?.number ?? 0;
  await act();
  return rows(before);
}

test('a hold that is given up, and one that is paid for again, with what was allowed', async () => {
  const given = await heldAsUnknown(ground);
  expect(await told(() => giveUp(ground.db, given.chunkId, person))).toMatchObject([
    { ...who, action: 'hold.decided', subject: given.chunkId, detail: { decision: 'give_up' } },
  ]);
  const paid = await heldAsUnknown(ground);
  const allowed = approval();
  expect(await told(() => payAgain(ground.db, paid.chunkId, allowed, person))).toMatchObject([
    {
      ...who,
      action: 'hold.decided',
      subject: paid.chunkId,
      detail: { decision: 'pay_again', attempt: paid.attemptId },
    },
    {
      ...who,
      action: 'approval.given',
      subject: allowed.id,
      detail: { chunk: paid.chunkId, cost_ceiling: '1', lifted_to: 'written_off' },
    },
  ]);
});

test('a replay of a held file: asked for, and with it decided on the hold', async () => {
  const { chunkId } = await heldWithArtifact(ground);
  const id = makeId('replay', Date.now(), randomBytes(10));
  const wish = { id, chunkId: chunkId as ChunkId, apply: true, by: person };
  const rows = await told(() => askReplay(ground.db, wish));
  expect(rows).toMatchObject([
    { ...who, action: 'hold.decided', subject: chunkId, detail: { decision: 'replay' } },
    { ...who, action: 'replay.asked', subject: id, detail: { chunk: chunkId, mode: 'release' } },
  ]);
});

test('a job that is cancelled, once, with the chunks that are not sent any more', async () => {
  const jobId = await receive(ground, someNumbers(4));
  await plan(ground, jobId, [{ size: 2 }, { size: 2 }]);
  const rows = await told(async () => {
    await cancelJob(ground.db, 1, jobId, 'ada');
    await cancelJob(ground.db, 1, jobId, 'ada');
  });
  expect(rows).toMatchObject([
    { actor: 'ada', action: 'job.cancelled', subject: jobId, counts: { chunks: 2 } },
  ]);
});

test('an account that a person lets send again, whose breaker a person closes, whose files a person has looked at', async () => {
  const of = { ...who, subject: account.id };
  await ground.db.transaction('test', (tx) => pauseAccount(tx, account.id, 'operator'));
  await ground.db.query('UPDATE store.account_states SET semantics_confirmed = false');
  const rows = await told(async () => {
    await resumeAccount(ground.db, account.id, null, by);
    await resumeAccount(ground.db, account.id, null, by);
    await resetBreaker(ground.db, account.id, null, by);
    await confirmSemantics(ground.db, account.id, null, by);
    await confirmSemantics(ground.db, account.id, null, by);
  });
  expect(rows).toMatchObject([
    { ...of, action: 'account.resumed' },
    { ...of, action: 'account.breaker_reset' },
    { ...of, action: 'account.semantics_confirmed' },
  ]);
});

test('an erasure: asked for and done, by its receipt and without the number', async () => {
  const digests = numberDigests([{ id: 'a', secret: 'a-secret-for-tests-and-nothing-else' }]);
  const id = makeId('erasure', Date.now(), randomBytes(10));
  const wish = { id, tenantId: 1, number: 447_911_123_456, askedBy: 'ada' };
  const rows = await told(async () => {
    await ground.db.transaction('test', async (tx) => {
      await askErasure(tx, { ...wish, requestedBy: 'bob', reason: 'he asked' }, digests);
    });
    await ground.db.transaction('test', seeErasures);
    const claimed = await waitFor(
      async () => (await ground.db.transaction('test', (tx) => claimErasures(tx, 60_000, 1)))[0],
      // It waits for whoever writes anywhere in Postgres, which other tests share.
      { timeoutMs: 60_000, describe: 'the erasure to be due' },
    );
    expect(await ground.db.transaction('test', (tx) => finishErasure(tx, claimed))).toBe(true);
  });
  expect(rows).toMatchObject([
    {
      actor: 'ada',
      action: 'erasure.asked',
      subject: id,
      purpose: 'he asked',
      detail: { requested_by: 'bob' },
    },
    { actor: 'system', action: 'erasure.done', subject: id },
  ]);
  expect(JSON.stringify(rows)).not.toContain('7911123456');
});

test('a month that retention drops, table by table, in the installation’s chain', async () => {
  await ground.db.query("SELECT store.ensure_month('2001-02-03')");
  const rows = await told(() => dropMonths(ground.db, { rows: 24, files: 6 }), 0);
  expect(rows.length).toBeGreaterThan(5);
  expect(rows).toContainEqual(
    expect.objectContaining({
      actor: 'system',
      action: 'retention.dropped',
      detail: { table: 'results', month: '2001-02' },
    }),
  );
});
