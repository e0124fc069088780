import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Ground, openGround } from '../testing/ground.ts';
import { query } from '../testing/post-job.ts';

/** Postgres ends the backend that an upload's numbers are being copied into. */
let ground: Ground;
let authorization: string;
const numbers = 20;
/** More than the API stores at once, and than its pool has connections: one that stayed checked out would be missed. */
const deaths = 9;

beforeAll(async () => {
  ground = await openGround();
  authorization = await ground.bearer(['admin']);
  // Storing waits in its middle while the gate is shut.
  await ground.database.query(`CREATE FUNCTION public.in_copy() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared(1818); RETURN NEW; END $$`);
  await ground.database.query(
    'CREATE TRIGGER in_copy BEFORE INSERT ON store.job_numbers FOR EACH ROW WHEN (NEW.number % 10 = 7) EXECUTE FUNCTION public.in_copy()',
  );
});
afterAll(() => ground.close());

const upload = () =>
  fetch(`${ground.url}/v1/jobs?${query.toString()}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'text/plain', 'idempotency-key': 'in-copy' },
    body: Array.from({ length: numbers }, (_, index) => `+${447_911_000_000 + index}\n`).join(''),
  });

async function stored(): Promise<unknown> {
  const { rows } = await ground.database.query(
    `SELECT (SELECT count(*)::int FROM store.jobs) AS jobs, (SELECT count(*)::int FROM store.job_numbers) AS numbers,
            (SELECT count(*)::int FROM store.blobs) AS blobs`,
  );
  return rows[0];
}

test('fault 18: a backend that is ended in the middle of storing an upload: 503, nothing stored, nothing checked out; sent again it is stored once', async () => {
  const gate = await ground.database.pool.connect();
  // With its connection goes its lock, so that a test that fails ends.
  onTestFinished(() => gate.release(true));
  await gate.query('SELECT pg_advisory_lock(1818)');
  for (let death = 1; death <= deaths; death += 1) {
    const answered = upload();
    const pid = await waitFor(
      async () => {
        const { rows } = await ground.database.query<{ pid: number }>(
          `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO store.job_numbers%'`,
        );
        return rows[0]?.pid;
      },
      { timeoutMs: 30_000, describe: `the ${death}. store to wait in its middle` },
    );
    await ground.database.query('SELECT pg_terminate_backend($1)', [pid]);
    const answer = await answered;
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
    expect(await answer.json()).toMatchObject({ code: 'database_unavailable' });
    expect(await stored()).toEqual({ jobs: 0, numbers: 0, blobs: 0 });
  }
  await gate.query('SELECT pg_advisory_unlock(1818)');
  const statuses = [(await upload()).status, (await upload()).status];
  expect(statuses).toEqual([202, 202]);
  expect(await stored()).toEqual({ jobs: 1, numbers, blobs: 1 });
});
