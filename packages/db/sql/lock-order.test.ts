import { randomBytes } from 'node:crypto';
import { type ChunkId, makeId, type Money } from '@rollcall/domain';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../database.ts';
import { accepted, acceptance, future_ms, heldUnknown, lost, ready } from '../testing/answers.ts';
import { chunkRow, type Ground, layGround, newId } from '../testing/ground.ts';
import { approval, heldWithArtifact, person } from '../testing/held-chunks.ts';
import { interposed } from '../testing/interposed.ts';
import {
  archive,
  claim,
  claimPoll,
  plan,
  publish,
  receive,
  settle,
  someNumbers,
  startIngest,
  untilResult,
} from '../testing/walk-chunk.ts';
import { adoptTask, confirmAdoption } from './adopt-task.ts';
import { askReplay } from './ask-replay.ts';
import { releaseBehindCanary } from './canary.ts';
import { claimSubmit, loadSubmit, unblockChunk } from './claim-submit.ts';
import { cancelJob } from './control-job.ts';
import { giveUp, payAgain } from './decide-held.ts';
import { insertRejectedChunk, supersedeUnsent } from './plan-chunks.ts';
import { lockJobForPlanning } from './planned-job.ts';
import { settlePoll } from './poll-tasks.ts';
import { settleSubmit } from './settle-submit.ts';

/**
 * Verbs that meet in the middle of each other, as `Database.transaction` orders their locks: whoever comes second waits. A deadlock would end one of
 * them, which `transaction` tries again: then its work runs twice.
 */
let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

type Verb = (ground: Ground) => Promise<unknown>;

/** The same database, telling of each try of a transaction's work, and acting after a statement that contains `marker`. */
function watched(tries: string[], who: string, marker = '', act = async () => {}): Ground {
  const transaction: Database['transaction'] = (name, work) =>
    ground.db.transaction(name, (tx) => {
      tries.push(who);
      return work(marker === '' ? tx : interposed(tx, marker, act));
    });
  return { ...ground, db: { ...ground.db, query: ground.db.query, transaction } };
}

const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0`;

/**
 * Starts `second` once `first` has run the statement with `marker`, and lets `first` go on when the other has ended or waits for it.
 * Returns whose transactions were begun, in order.
 */
async function meet(first: Verb, marker: string, second: Verb): Promise<readonly string[]> {
  const tries: string[] = [];
  let other: Promise<unknown> | undefined;
  let ended = false;
  const act = async () => {
    if (other) return;
    other = second(watched(tries, 'second')).finally(() => {
      ended = true;
    });
    other.catch(() => undefined);
    const isThere = async () => ended || (await ground.db.query(waiting)).rowCount;
    await waitFor(isThere, { describe: 'the second to end or to wait' });
  };
  await first(watched(tries, 'first', marker, act));
  expect(other, `no statement of the first contains “${marker}”`).toBeDefined();
  await other;
  return tries;
}

const inTurn = ['first', 'second'];
/** A job whose canary has gone as far as `walk` takes it, with two chunks that wait behind it. */
async function behindCanary() {
  const jobId = await receive(ground, someNumbers(6));
  const [canary = '', ...others] = await plan(ground, jobId, [
    { size: 2, isCanary: true },
    { size: 2, state: 'blocked' },
    { size: 2, state: 'blocked' },
  ]);
  return { jobId, canary, others };
}
const jobLocked = 'FROM store.jobs WHERE id = $1';

describe('whoever comes second waits, and nobody is ended by a deadlock', () => {
  test('a canary’s rows are published while its job is cancelled', async () => {
    const { jobId, canary } = await behindCanary();
    await untilResult(ground, canary);
    const claimed = await startIngest(ground, canary);
    const { id } = await archive(ground, claimed);
    const cancelled: Verb = ({ db }) => cancelJob(db, 1, jobId);
    expect(await meet(cancelled, jobLocked, (on) => publish(on, claimed, id))).toEqual(inTurn);
    expect(await chunkRow(ground, canary)).toMatchObject({ state: 'done' });
  });

  test('a held canary is given up while its job is cancelled', async () => {
    const { jobId, canary } = await behindCanary();
    await settle(ground, await claim(ground, canary), lost, heldUnknown);
    const cancelled: Verb = ({ db }) => cancelJob(db, 1, jobId);
    const given: Verb = ({ db }) => giveUp(db, canary, person);
    expect(await meet(cancelled, jobLocked, given)).toEqual(inTurn);
    expect(await chunkRow(ground, canary)).toMatchObject({ state: 'failed' });
  });

  test('a chunk is claimed while its job is planned anew', async () => {
    const { jobId, others } = await behindCanary();
    const [refused = '', unsent = ''] = others;
    await ground.db.query("UPDATE store.chunks SET reason = 'replan' WHERE id = $1", [refused]);
    const free = "state = 'ready', reason = NULL, due_at = now()";
    await ground.db.query(`UPDATE store.chunks SET ${free} WHERE id = $1`, [unsent]);
    // The claim has its chunk and refers to the job, whose lock the planner has; the planner waits for the chunk.
    const planned: Verb = ({ db }) =>
      db.transaction('test', async (tx) => {
        const job = await lockJobForPlanning(tx, jobId);
        return job && supersedeUnsent(tx, job);
      });
    const tries = await meet((on) => claim(on, unsent), 'FOR UPDATE OF c SKIP LOCKED', planned);
    expect(tries).toEqual(inTurn);
    expect(await chunkRow(ground, unsent)).toMatchObject({ state: 'submitting' });
  });

  test('a chunk is given up while planning ends another as rejected: both count failed numbers', async () => {
    const jobId = await receive(ground, someNumbers(2));
    const [chunkId = ''] = await plan(ground, jobId, [{ size: 2 }]);
    await settle(ground, await claim(ground, chunkId), lost, heldUnknown);
    const rejected: Verb = ({ db }) =>
      db.transaction('test', async (tx) => {
        const job = await lockJobForPlanning(tx, jobId);
        if (job === null) throw new Error('the job is being planned elsewhere');
        // Of another day's numbers: what is counted is what meets.
        const area = {
          first: 49_500_000_000,
          last: 49_500_000_001,
          numbers: 2,
          suppressed: 0,
          erased: 2,
        };
        await insertRejectedChunk(tx, job, area, 2, newId.chunk(), 'too_few_numbers');
      });
    const given: Verb = ({ db }) => giveUp(db, chunkId, person);
    expect(await meet(rejected, 'FROM store.jobs j', given)).toEqual(inTurn);
  });

  test('an upload is paid again while another chunk of its job is claimed', async () => {
    const { canary, others } = await behindCanary();
    const [unsent = ''] = others;
    await settle(ground, await claim(ground, canary), lost, heldUnknown);
    const ceiling = "reason = 'job_ceiling', due_at = now()";
    await ground.db.query(`UPDATE store.chunks SET ${ceiling} WHERE id = $1`, [unsent]);
    const claimed: Verb = ({ db }) =>
      db.transaction('test', async (tx) => {
        const loaded = await loadSubmit(tx, unsent);
        if (loaded === null) throw new Error('not there');
        await unblockChunk(tx, unsent, loaded.fence);
        await claimSubmit(tx, loaded, {
          id: newId.attempt(),
          providerOrigin: 'https://acme.example',
          pricePerNumber: 2_000_000n as Money,
          amount: 4_000_000n as Money,
          currency: 'USD',
          lease_ms: 60_000,
        });
      });
    const paid: Verb = ({ db }) => payAgain(db, canary, approval(undefined, 'not_charged'), person);
    expect(await meet(paid, 'FROM store.jobs', claimed)).toEqual(inTurn);
  });

  test('an upload answers while a worker confirms its adoption and pauses the account', async () => {
    const { canary } = await behindCanary();
    const chunk = await claim(ground, canary);
    await settle(ground, chunk, lost, heldUnknown);
    await adoptTask(ground.db, canary, 'named', future_ms, person);
    const poll = await claimPoll(ground, canary);
    const status = { ...ready, actual: { amount: '99', currency: 'USD' } };
    const confirmed: Verb = ({ db }) =>
      db.transaction('test', async (tx) => {
        const done = await confirmAdoption(tx, poll);
        if (done.kind !== 'confirmed') throw new Error(done.kind);
        const locator = { kind: 'hash', hash: 'a' } as const;
        await settlePoll(tx, done.claim, { kind: 'status', status }, { kind: 'ready', locator });
      });
    const answered: Verb = (on) => settle(on, chunk, acceptance('named'), accepted);
    expect(await meet(confirmed, "SET outcome = 'accepted'", answered)).toEqual(inTurn);
    await ground.db.query('UPDATE store.account_states SET paused_reason = NULL, paused_at = NULL');
  });

  test.each<[string, (held: string) => Verb]>([
    ['given up', (held) => (on) => giveUp(on.db, held, person)],
    [
      'paid again',
      (held) => (on) => payAgain(on.db, held, approval(undefined, 'not_charged'), person),
    ],
    ['adopted', (held) => (on) => adoptTask(on.db, held, 'named-by-support', future_ms, person)],
  ])('a held upload is %s while its acceptance comes after all', async (_, decide) => {
    const { canary } = await behindCanary();
    const chunk = await claim(ground, canary);
    await settle(ground, chunk, lost, heldUnknown);
    const taskId = `late-${canary}`;
    const answered: Verb = (on) => settle(on, chunk, acceptance(taskId), accepted);
    expect(await meet(answered, "SET outcome = 'accepted'", decide(canary))).toEqual(inTurn);
    expect(await chunkRow(ground, canary)).toMatchObject({ state: 'polling' });
  });

  test('an accepted canary lets go what waits behind it while its job is cancelled', async () => {
    const { jobId, canary, others } = await behindCanary();
    const [unpaid = ''] = others;
    const chunk = await claim(ground, canary);
    const money = "reason = 'provider_balance', due_at = now()";
    await ground.db.query(`UPDATE store.chunks SET ${money} WHERE id = $1`, [unpaid]);
    const cancelled: Verb = ({ db }) => cancelJob(db, 1, jobId);
    const released: Verb = ({ db }) =>
      db.transaction('test', async (tx) => {
        await settleSubmit(tx, chunk, acceptance('canary'), accepted);
        await releaseBehindCanary(tx, chunk.jobNo);
      });
    expect(await meet(cancelled, jobLocked, released)).toEqual(inTurn);
    expect(await chunkRow(ground, unpaid)).toMatchObject({ state: 'cancelled' });
  });

  test('a held chunk is given up while a replay of it is asked for, which lets it go', async () => {
    const { chunkId } = await heldWithArtifact(ground);
    const id = makeId('replay', Date.now(), randomBytes(10));
    const wish = { id, chunkId: chunkId as ChunkId, apply: true, by: person };
    const asked: Verb = ({ db }) => askReplay(db, wish);
    const given: Verb = ({ db }) => giveUp(db, chunkId, person);
    const chunkLocked = 'FROM store.chunks c WHERE c.id = $1 AND c.tenant_id = $2';
    expect(await meet(asked, chunkLocked, given)).toEqual(inTurn);
    expect(await chunkRow(ground, chunkId)).toMatchObject({ state: 'result_ready' });
  });

  test('a held chunk is given up while a job of the same tenant is cancelled: both are told in one chain', async () => {
    const { jobId } = await behindCanary();
    const { chunkId } = await heldWithArtifact(ground);
    const cancelled: Verb = ({ db }) => cancelJob(db, 1, jobId);
    const given: Verb = ({ db }) => giveUp(db, chunkId, person);
    expect(await meet(cancelled, 'store.append_audit', given)).toEqual(inTurn);
    expect(await chunkRow(ground, chunkId)).toMatchObject({ state: 'failed' });
  });
});
