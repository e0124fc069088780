import { waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type LiveGround, openLiveGround } from '../testing/live-ground.ts';
import { said } from '../testing/post-job.ts';
import { senderTo } from '../testing/send.ts';

/** Requests that race over the same money, with a worker as a process of its own and the simulator's ledger of charges. */

let ground: LiveGround;
let send: ReturnType<typeof senderTo>;
beforeAll(async () => {
  ground = await openLiveGround({ chunkSize: 100 });
  send = senderTo(
    ground,
    await ground.bearer(['jobs:write', 'jobs:read', 'holds:resolve', 'approvals:write']),
  );
  await ground.startWorker();
});
afterEach(() => ground.simulator.control('DELETE', 'faults'));
afterAll(() => ground.close());

let serial = 0;
/** A job of 100 numbers that no other test here uses, on the account `ekycpro`. */
async function enqueue(): Promise<string> {
  serial += 1;
  const first = 447_921_000_000 + serial * 10_000;
  const numbers = Array.from({ length: 100 }, (_, index) => `+${first + index}`);
  return (await send('POST', '/v1/jobs', { ...said, numbers })).body.id;
}
const fault = (action: object) =>
  ground.simulator.control('POST', 'faults', {
    match: { account: 'ekycpro', operation: 'create' },
    action,
  });
const uploads = async () => (await ground.charges('ekycpro')).uploads;
const untilHeld = (jobId: string, butNot: string | null = null) =>
  waitFor(
    async () => {
      const [hold] = (await send('GET', `/v1/holds?job=${jobId}`)).body.data;
      return hold !== undefined && hold.attempt_id !== butNot ? hold : null;
    },
    { timeoutMs: 60_000, describe: `an upload of ${jobId} to be held` },
  );

test('many who pay again at once pay once, and their requests sent again never pay for the next upload', async () => {
  const before = await uploads();
  await fault({ kind: 'reset' });
  const jobId = await enqueue();
  const hold = await untilHeld(jobId);
  expect(await uploads()).toBe(before + 1);

  // The second upload is lost as well, as soon as the worker has sent it: nobody has decided on that one.
  await fault({ kind: 'reset' });
  const payAgain = () =>
    send('POST', `/v1/holds/${hold.chunk_id}/resolve`, {
      decision: 'pay_again',
      reason: 'ticket 4711',
      cost_ceiling: hold.money_at_risk,
      attempt_id: hold.attempt_id,
    });
  const answers = await Promise.all(Array.from({ length: 6 }, payAgain));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  const next = await untilHeld(jobId, hold.attempt_id);
  const late = await payAgain();
  expect([late.status, late.body.chunk.state]).toEqual([200, 'held']);
  const { decisions, attempt_id: attemptId } = (await send('GET', `/v1/holds/${hold.chunk_id}`))
    .body;
  expect([decisions.length, attemptId]).toEqual([1, next.attempt_id]);
  expect(await uploads()).toBe(before + 2);

  const given = await send('POST', `/v1/holds/${hold.chunk_id}/resolve`, {
    decision: 'give_up',
    reason: 'enough',
  });
  expect(given.status).toBe(200);
  const job = await ground.untilState(jobId, ['completed_with_errors']);
  expect(job.money).toMatchObject({ at_risk: hold.money_at_risk });
  expect(await uploads()).toBe(before + 2);
}, 180_000);

test('retries asked for at once are one, and one that is cancelled at once leaves nothing to be paid twice', async () => {
  const before = await ground.charges('ekycpro');
  await fault({ kind: 'answer', status: 400 });
  const jobId = await enqueue();
  await ground.untilState(jobId, ['completed_with_errors']);
  const retries = () =>
    Promise.all(
      Array.from({ length: 3 }, () =>
        send('POST', `/v1/jobs/${jobId}/retry`, { include: ['failed'] }),
      ),
    );
  const codesOf = (answers: Awaited<ReturnType<typeof retries>>) =>
    answers.map(({ status, body }): string => (status === 202 ? 'made' : body.code)).toSorted();

  const answers = await retries();
  expect(codesOf(answers)).toEqual(['made', 'retry_running', 'retry_running']);
  const childId = answers.find(({ status }) => status === 202)?.body.id;
  // The worker may be planning it, claiming its upload, or waiting for the answer.
  await send('POST', `/v1/jobs/${childId}/cancel`);
  const child = await ground.untilState(childId, ['completed', 'cancelled']);

  // Either it was sent, and is answered, or nothing of it was, and all of it may be asked again.
  const again = await retries();
  if (child.outcomes.cancelled === 100) {
    expect(codesOf(again)).toEqual(['made', 'retry_running', 'retry_running']);
    const secondId = again.find(({ status }) => status === 202)?.body.id;
    await ground.untilState(secondId, ['completed']);
  } else {
    expect(codesOf(again)).toEqual(Array.from({ length: 3 }, () => 'nothing_to_retry'));
  }
  const charged = (await ground.charges('ekycpro')).numbers - before.numbers;
  expect(charged).toBe(100);
  const { rows } = await ground.database.query(
    "SELECT count(*) AS answered FROM rollcall.latest_results WHERE job_id = $1 AND source = 'provider'",
    [jobId],
  );
  expect(rows).toEqual([{ answered: 100 }]);
}, 180_000);
