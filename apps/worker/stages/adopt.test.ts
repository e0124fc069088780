import { adoptTask } from '@rollcall/db';
import { testBackends } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Ground, layGround } from '../test-ground.ts';

/** Design §6: before an adopted task costs anything, a worker asks the provider for it and compares count and time with the intent. */
let ground: Ground;

beforeAll(async () => {
  ground = await layGround({ chunkSize: 1_000 });
  await ground.start(testBackends.at(-1) ?? 'postgres');
});
afterAll(() => ground.close());
afterEach(async () => {
  await ground.simulator.control('DELETE', 'faults');
  await ground.nothingPaidTwice();
  // Each test makes an unknown outcome of its own; together they would stop the account.
  await ground.db.query('UPDATE store.account_states SET breaker_reset_at = clock_timestamp()');
});

const by = { tenantId: 1, decidedBy: 'operator@example', why: 'support named the task' };
const deadline_ms = () => Date.now() + 600_000;

/** A chunk whose upload was charged while its answer was lost, and the task that support would name. */
async function lostUpload(numbers: readonly number[]) {
  const before = new Set(await taskIds());
  await ground.fault({
    match: { account: 'ekycpro', operation: 'create' },
    action: { kind: 'reset' },
  });
  const jobId = await ground.enqueue('telegram', numbers);
  const chunk = await ground.untilChunk(jobId, ['held']);
  expect(chunk).toMatchObject({ reason: 'unknown', attempt_outcome: 'unknown' });
  const [taskId = ''] = (await taskIds()).filter((id) => !before.has(id));
  return { jobId, chunkId: String(chunk['id']), attemptId: chunk['attempt_id'], taskId };
}
async function taskIds(): Promise<string[]> {
  const answer = (await ground.simulator.control('GET', 'tasks')) as {
    tasks: { task_id: string }[];
  };
  return answer.tasks.map((task) => task.task_id);
}
const placeOf = async (attemptId: unknown) =>
  (
    await ground.db.query<{ place: string }>(
      'SELECT place FROM store.attempt_money WHERE attempt_id = $1',
      [attemptId],
    )
  ).rows[0]?.place;

test('the task that the upload became is adopted: paid for once, and read', async () => {
  const { jobId, chunkId, attemptId, taskId } = await lostUpload(ground.fresh(12));
  expect(await adoptTask(ground.db, chunkId, taskId, deadline_ms(), by)).toMatchObject({
    kind: 'decided',
  });
  await ground.hurryUntil(jobId, ['done']);
  await ground.untilState(jobId, ['completed']);
  expect(await placeOf(attemptId)).toBe('committed');
});

test('a task of another size is not: the chunk is held again, its money where it was', async () => {
  const other = await lostUpload(ground.fresh(40));
  const { jobId, chunkId, attemptId } = await lostUpload(ground.fresh(12));
  await adoptTask(ground.db, chunkId, other.taskId, deadline_ms(), by);
  expect(await ground.hurryUntil(jobId, ['held'])).toMatchObject({
    reason: 'unknown',
    held_detail: 'adopted_task_of_another_size',
    attempt_outcome: 'unknown',
  });
  expect(await placeOf(attemptId)).toBe('reserved');
});

test('a task of another time is not', async () => {
  const { jobId, chunkId, attemptId, taskId } = await lostUpload(ground.fresh(12));
  // The upload of yesterday: its intent is older than the task by a day.
  await ground.db.query(`ALTER TABLE store.attempts DISABLE TRIGGER guard_attempts`);
  await ground.db.query(
    `UPDATE store.attempts SET created_at = created_at - interval '1 day', settled_at = settled_at - interval '1 day' WHERE id = $1`,
    [attemptId],
  );
  await ground.db.query(`ALTER TABLE store.attempts ENABLE TRIGGER guard_attempts`);
  await adoptTask(ground.db, chunkId, taskId, deadline_ms(), by);
  expect(await ground.hurryUntil(jobId, ['held'])).toMatchObject({
    held_detail: 'adopted_task_of_another_time',
  });
  expect(await placeOf(attemptId)).toBe('reserved');
});

test('a task that the provider does not know is not', async () => {
  const { jobId, chunkId, attemptId } = await lostUpload(ground.fresh(12));
  await adoptTask(ground.db, chunkId, 'no-such-task', deadline_ms(), by);
  expect(await ground.hurryUntil(jobId, ['held'])).toMatchObject({
    reason: 'unknown',
    held_detail: 'adopted_task_not_found',
  });
  expect(await placeOf(attemptId)).toBe('reserved');
});
