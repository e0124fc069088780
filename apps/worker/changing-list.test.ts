import { addSuppressions } from '@rollcall/db';
import { freeTriesMax } from '@rollcall/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planJob } from './stages/plan.ts';
import { submitChunk } from './stages/submit.ts';
import { type Ground, layGround, testDigests } from './test-ground.ts';
import { answerAll } from './testing/answer-all.ts';

/** A suppression list that changes while a chunk is on its way to its first byte. */
let ground: Ground;
beforeAll(async () => {
  ground = await layGround({ chunkSize: 30 });
});
afterAll(() => ground.close());

const never = new AbortController().signal;

async function suppress(numbers: readonly number[]): Promise<void> {
  await ground.db.transaction('test', (tx) =>
    addSuppressions(tx, 1, numbers, testDigests, 'objection'),
  );
}

/** The same worker, to whose list `change` comes between the claim of a chunk and its first byte: when it asks for what it is about to send. */
function workerThatMeets(jobId: string, change: () => Promise<void>): Ground['equipment'] {
  const { equipment } = ground;
  const db = new Proxy(equipment.db, {
    get(target, name, receiver) {
      if (name !== 'query') return Reflect.get(target, name, receiver) as unknown;
      return async (statement: never, values: never) => {
        const found = await target.query(statement, values);
        const text: string =
          typeof statement === 'object' ? (statement as { text: string }).text : statement;
        if (text.includes('FROM store.job_numbers')) {
          const [chunk] = await ground.chunks(jobId);
          if (chunk?.['state'] === 'submitting') await change();
        }
        return found;
      };
    },
  });
  return { ...equipment, db };
}

test('a number that is put on the list when its chunk is claimed already is not sent: the claim ends unsent, and the next leaves it out', async () => {
  const numbers = ground.fresh(25);
  const jobId = await ground.enqueue('telegram', numbers);
  await planJob(ground.equipment, jobId);
  const chunkId = String((await ground.chunks(jobId))[0]?.['id']);
  const listed: number[] = [];
  const late = workerThatMeets(jobId, async () => {
    listed.push(numbers[listed.length] ?? 0);
    await suppress(listed.slice(-1));
  });
  // As often as would be too often for a provider that refuses: it is our own doing, and the chunk is due at once.
  for (let times = 1; times <= freeTriesMax + 1; times += 1) {
    expect(await submitChunk(late, chunkId, never)).toEqual({ ready: 1 });
    expect(await ground.chunks(jobId)).toMatchObject([
      { state: 'ready', attempt_outcome: 'not_sent', outcome_reason: 'list_changed' },
    ]);
    const { rows } = await ground.db.query(
      'SELECT free_tries, due_at <= clock_timestamp() AS is_due FROM store.chunks WHERE id = $1',
      [chunkId],
    );
    expect(rows).toEqual([{ free_tries: 0, is_due: true }]);
  }
  await answerAll(ground, jobId);
  const { rows } = await ground.db.query(
    `SELECT c.suppressed, a.numbers, a.outcome, x.ok FROM store.jobs j CROSS JOIN LATERAL rollcall.audit(j.id) x
       JOIN store.chunks c ON c.job_no = j.job_no JOIN store.attempts a ON a.id = c.attempt_id WHERE j.id = $1`,
    [jobId],
  );
  expect(rows).toEqual([
    { suppressed: listed.length, numbers: 25 - listed.length, outcome: 'accepted', ok: true },
  ]);
});

let stranger = 447_000_000_000;
const putStranger = () => suppress([(stranger += 1)]);

async function planned(count: number) {
  const numbers = ground.fresh(count);
  const jobId = await ground.enqueue('telegram', numbers);
  await planJob(ground.equipment, jobId);
  return { numbers, jobId, chunkId: String((await ground.chunks(jobId))[0]?.['id']) };
}

/** The same worker, whose list changes each time that it has held numbers to it. */
function workerWithList(change: () => Promise<void>): Ground['equipment'] {
  const { suppressions } = ground.equipment;
  const hold: typeof suppressions.hold = (tenantId, numbers) => {
    const held = suppressions.hold(tenantId, numbers);
    return {
      async since(db, version) {
        const found = await held.since(db, version);
        await change();
        return found;
      },
    };
  };
  return { ...ground.equipment, suppressions: { ...suppressions, hold } };
}

test('numbers of others that are put on the list all the time keep no chunk: it goes with its first claim', async () => {
  const late = await planned(25);
  expect(await submitChunk(workerThatMeets(late.jobId, putStranger), late.chunkId, never)).toEqual({
    polling: 1,
  });
  const looked = await planned(25);
  await putStranger();
  expect(await submitChunk(workerWithList(putStranger), looked.chunkId, never)).toEqual({
    polling: 1,
  });
  const { rows } = await ground.db.query(
    'SELECT count(*)::integer AS attempts, bool_and(sent_sha256 IS NOT NULL) AS hashed FROM store.attempts WHERE chunk_id = ANY($1)',
    [[late.chunkId, looked.chunkId]],
  );
  expect(rows).toEqual([{ attempts: 2, hashed: true }]);
});

test('a chunk whose own numbers are put on the list at every look is left for later, which the log says, and not forgotten', async () => {
  const { numbers, jobId, chunkId } = await planned(25);
  const listed: number[] = [];
  const putOwn = async () => {
    listed.push(numbers[listed.length] ?? 0);
    await suppress(listed.slice(-1));
  };
  await putOwn();
  expect(await submitChunk(workerWithList(putOwn), chunkId, never)).toEqual({ waiting: 1 });
  expect(ground.logged.filter((line) => line['chunk'] === chunkId).at(-1)).toMatchObject({
    event: 'chunk.list_changing',
  });
  const { rows } = await ground.db.query(
    'SELECT state, due_at > clock_timestamp() AS is_later, rung_at FROM store.chunks WHERE id = $1',
    [chunkId],
  );
  expect(rows).toEqual([{ state: 'ready', is_later: true, rung_at: null }]);
  await ground.hurry(jobId);
  await answerAll(ground, jobId);
  expect(await ground.chunks(jobId)).toMatchObject([{ state: 'done' }]);
  const audit = await ground.db.query('SELECT ok FROM rollcall.audit($1)', [jobId]);
  expect(audit.rows[0]).toEqual({ ok: true });
});
