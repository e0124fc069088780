import { readErasure } from '@rollcall/db';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { erase } from './sweeps/erase.ts';
import { type Ground, layGround } from './test-ground.ts';
import { answerAll } from './testing/answer-all.ts';
import { askToErase } from './testing/erase-number.ts';
import { findNumber } from './testing/find-number.ts';

// Numbers of one tenant that are erased together: its files are read once for all of them, and each receipt names its own.

let ground: Ground;
beforeAll(async () => {
  ground = await layGround({ chunkSize: 30 });
});
afterAll(() => ground.close());

/** A worker that counts how often it reads each kept file from its start. */
function countingReads(): {
  readonly worker: Ground['equipment'];
  readonly reads: Map<string, number>;
} {
  const { equipment } = ground;
  const reads = new Map<string, number>();
  const db = new Proxy(equipment.db, {
    get(target, name, receiver) {
      if (name !== 'query') return Reflect.get(target, name, receiver) as unknown;
      return (sql: string, values?: unknown[]) => {
        if (sql.includes('FROM store.blob_parts') && values?.[2] === 1) {
          const file = String(values[0]);
          reads.set(file, (reads.get(file) ?? 0) + 1);
        }
        return target.query(sql, values);
      };
    },
  });
  return { worker: { ...equipment, db }, reads };
}

async function eraseAll(worker: Ground['equipment'], ids: readonly string[]): Promise<void> {
  await waitFor(
    async () => {
      await erase(worker);
      const open = 'SELECT FROM store.erasures WHERE id = ANY($1) AND done_at IS NULL';
      return (await ground.db.query(open, [ids])).rowCount === 0;
    },
    { timeoutMs: 60_000, describe: 'the numbers to be erased' },
  );
}

const filesOf = async (id: string): Promise<readonly (readonly [string, boolean])[]> => {
  const receipt = await readErasure(ground.db, 1, id);
  return (receipt?.files ?? []).map(({ kind, newSha256 }) => [kind, newSha256 !== null] as const);
};

test('ten numbers that are erased together have each file read once, and each is on its own receipt alone', async () => {
  const jobs: { readonly id: string; readonly numbers: readonly number[] }[] = [];
  for (let count = 0; count < 5; count += 1) {
    const numbers = ground.fresh(25);
    jobs.push({ id: await ground.enqueue('telegram', numbers), numbers });
  }
  for (const { id } of jobs) await answerAll(ground, id);
  const { rows } = await ground.db.query<{ files: number }>(
    'SELECT count(*) AS files FROM store.blobs',
  );
  // None of the last two.
  const jobOf = [0, 0, 0, 1, 1, 1, 2, 2];
  const numbers = jobOf.map((at, place) => jobs[at]?.numbers[place] ?? 0);
  const nowhere = ground.fresh(2);
  const ids: string[] = [];
  for (const number of [...numbers, ...nowhere]) ids.push(await askToErase(ground.db, number));
  const { worker, reads } = countingReads();
  await eraseAll(worker, ids);
  expect(reads.size).toBe(rows[0]?.files);
  expect(new Set(reads.values())).toEqual(new Set([1]));
  for (const number of numbers) expect(await findNumber(ground.db, number)).toEqual([]);
  for (const [place, id] of ids.slice(0, numbers.length).entries()) {
    const files = (await readErasure(ground.db, 1, id))?.files ?? [];
    const ofJob = await ground.db.query<{ id: string }>(
      'SELECT b.id FROM store.blobs b JOIN store.jobs j ON j.job_no = b.job_no WHERE j.id = $1',
      [jobs[jobOf[place] ?? 0]?.id],
    );
    // The provider has no row of some numbers.
    expect(ofJob.rows.map((file) => file.id)).toEqual(
      expect.arrayContaining(files.map(({ file }) => file)),
    );
    expect(files).toContainEqual(expect.objectContaining({ kind: 'upload' }));
  }
  for (const id of ids.slice(numbers.length)) expect(await filesOf(id)).toEqual([]);
});

test('an upload that shows one of its two erased numbers and hides the other is removed, on both receipts', async () => {
  const [shown = 0, hidden = 0] = ground.fresh(2);
  const job = await ground.enqueue('telegram', [shown, hidden], { upload: `+${shown}\nnobody` });
  await answerAll(ground, job);
  const ids = [await askToErase(ground.db, shown), await askToErase(ground.db, hidden)];
  await eraseAll(ground.equipment, ids);
  for (const id of ids) {
    expect(await filesOf(id)).toContainEqual(['upload', false]);
    expect(await filesOf(id)).toContainEqual(['artifact', true]);
  }
});

test('a file that was written anew for one number is looked through for the next, and by nobody for the first again', async () => {
  const numbers = ground.fresh(25);
  const job = await ground.enqueue('telegram', numbers);
  await answerAll(ground, job);
  const [one = 0, other = 0] = numbers;
  const first = await askToErase(ground.db, one);
  // A worker dies when it has written the upload, and is not past it.
  const dies = new Error('the worker died');
  const written = 'SELECT FROM store.erased_files WHERE blob_id = $1 AND done_at IS NOT NULL';
  const isWritten = async () => (await ground.db.query(written, [job])).rowCount === 1;
  const db = new Proxy(ground.equipment.db, {
    get(target, name, receiver) {
      if (name !== 'transaction') return Reflect.get(target, name, receiver) as unknown;
      return async (asked: never, work: never) => {
        if (asked === 'sweep.pass_file' && (await isWritten())) throw dies;
        return target.transaction(asked, work);
      };
    },
  });
  await waitFor(
    async () =>
      (await erase({ ...ground.equipment, db }).catch((error: unknown) => error)) === dies,
    { timeoutMs: 60_000, describe: 'the upload to be written anew' },
  );
  // Meanwhile another number is taken out of the same files.
  const second = await askToErase(ground.db, other);
  await eraseAll(ground.equipment, [second]);
  await ground.db.query('UPDATE store.erasures SET due_at = clock_timestamp() WHERE id = $1', [
    first,
  ]);
  await eraseAll(ground.equipment, [first]);
  for (const id of [first, second]) {
    expect(await filesOf(id)).toEqual([
      ['artifact', true],
      ['upload', true],
    ]);
  }
  expect((await ground.db.query('SELECT FROM store.blobs WHERE id = $1', [job])).rowCount).toBe(1);
  for (const number of [one, other]) expect(await findNumber(ground.db, number)).toEqual([]);
});
