import { learnTaskTime, readTaskTimes } from '@rollcall/db';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, layGround } from './test-ground.ts';
import { planJob } from './stages/plan.ts';
import { pollAccount } from './stages/poll.ts';
import { submitChunk } from './stages/submit.ts';

/** Looks are planned by what was learned of tasks like it, and what is learned is stored with the task's end. */
const never = new AbortController().signal;
const minute = 60_000;
let ground: Ground;
beforeAll(async () => {
  ground = await layGround({
    chunkSize: 10,
    change: (account) => ({
      ...account,
      canary: 'off',
      poll: { floor_ms: 500, ceiling_ms: 60 * minute, deadline_ms: 24 * 60 * minute },
      pace: { requestsPerSecond: 1_000, uploadsInFlight: 10 },
    }),
  });
});
afterAll(() => ground.close());

/** Sends a job of so many tasks of ten numbers. */
async function send(check: string, tasks: number): Promise<string> {
  const jobId = await ground.enqueue(check, ground.fresh(10 * tasks));
  await planJob(ground.equipment, jobId);
  for (const chunk of await ground.chunks(jobId))
    expect(await submitChunk(ground.equipment, String(chunk['id']), never)).toEqual({ polling: 1 });
  return jobId;
}
/** From now to the next look at each task of a job that is waited for. */
async function looksIn_ms(jobId: string): Promise<readonly number[]> {
  const { rows } = await ground.db.query<{ ms: number }>(
    `SELECT extract(epoch FROM c.due_at - clock_timestamp())::float8 * 1000 AS ms FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no
      WHERE j.id = $1 AND c.state = 'polling' ORDER BY c.chunk_no`,
    [jobId],
  );
  return rows.map(({ ms }) => ms);
}
async function known(account: string, check: string, duration_ms: number): Promise<void> {
  for (let task = 0; task < 6; task += 1) {
    const times = await readTaskTimes(ground.db, account, [check]);
    const ended = { after_ms: duration_ms * 0.99, until_ms: duration_ms * 1.01 };
    await ground.db.transaction('test', (tx) =>
      learnTaskTime(tx, { account, check, numbers: 10, ended }, times),
    );
  }
}

test('the first tasks are looked at after the floor, and what becomes of them is learned, a size at a time', async () => {
  const jobId = await send('twitter', 2);
  for (const ms of await looksIn_ms(jobId)) expect(ms).toBeLessThan(500);
  await ground.hurry(jobId);
  expect(await pollAccount(ground.equipment, 'checknumber', never)).toMatchObject({ ready: 2 });
  const times = await readTaskTimes(ground.db, 'checknumber', ['twitter']);
  expect(times.get('twitter')).toMatchObject([{ sizeClass: 3, tasksEver: 1 }]);
});

test('a known pace plans the first look, and a quicker task brings the others forward', async () => {
  await known('ekycpro', 'telegram', 20 * minute);
  const jobId = await send('telegram', 3);
  // It may be much quicker than all before, so the first look is for that.
  const planned = await looksIn_ms(jobId);
  expect(planned).toHaveLength(3);
  for (const ms of planned) {
    expect(ms).toBeGreaterThan(minute);
    expect(ms).toBeLessThan(21 * minute);
  }
  await ground.db.query(
    `UPDATE store.chunks c SET due_at = clock_timestamp() FROM store.jobs j WHERE j.job_no = c.job_no AND j.id = $1 AND c.chunk_no = 1`,
    [jobId],
  );
  // One was asked for, and was over: the two others, minutes before their looks, are asked for in the same round.
  expect(await pollAccount(ground.equipment, 'ekycpro', never)).toMatchObject({
    tasks: 3,
    ready: 3,
  });
});

test('an adapter that asks for many makes one call a tick, however many workers are told to', async () => {
  const jobId = await send('whatsapp', 4);
  await ground.hurry(jobId);
  const before = await ground.requests('webcom', 'status');
  await ground.db.query('UPDATE store.account_states SET polled_at = NULL');
  const rounds = await Promise.all(
    [1, 2, 3, 4].map(() => pollAccount(ground.equipment, 'webcom', never)),
  );
  expect(rounds.filter((counts) => counts['tasks'] === 4)).toHaveLength(1);
  expect(rounds.filter((counts) => counts['tasks'] === 0)).toHaveLength(3);
  expect(await ground.requests('webcom', 'status')).toBe(before + 1);
  // What becomes due in the same tick waits for the next one.
  const another = await send('whatsapp', 1);
  await ground.hurry(another);
  const polledAt = (at: string) =>
    ground.db.query(`UPDATE store.account_states SET polled_at = ${at}`);
  await polledAt("clock_timestamp() + interval '1 hour'");
  expect(await pollAccount(ground.equipment, 'webcom', never)).toMatchObject({ tasks: 0 });
  await polledAt("clock_timestamp() - interval '1 second'");
  expect(await pollAccount(ground.equipment, 'webcom', never)).toMatchObject({ tasks: 1 });
});

test('what a task tells is learned too where its transaction had to be tried again', async () => {
  const jobId = await send('coinw', 1);
  await ground.hurry(jobId);
  // A sequence does not go back with its transaction: the first try ends as the victim of a deadlock would.
  await ground.db.query(`
    CREATE SEQUENCE public.learned;
    GRANT USAGE ON SEQUENCE public.learned TO PUBLIC;
    CREATE FUNCTION public.fail_once() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF nextval('public.learned') = 1 THEN RAISE EXCEPTION 'a deadlock' USING ERRCODE = '40P01'; END IF;
        RETURN NEW;
      END $$;
    CREATE TRIGGER fail_once BEFORE INSERT ON store.task_times FOR EACH ROW EXECUTE FUNCTION public.fail_once()`);
  const [chunk] = await ground.chunks(jobId);
  const account = String(chunk?.['account']);
  expect(await pollAccount(ground.equipment, account, never)).toMatchObject({ ready: 1 });
  await ground.db.query('DROP TRIGGER fail_once ON store.task_times');
  const times = await readTaskTimes(ground.db, account, ['coinw']);
  expect(times.get('coinw')).toMatchObject([{ tasksEver: 1 }]);
});
