import { openFaultyWire, waitFor } from '@rollcall/testing';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from './database.ts';
import { layGround } from './testing/ground.ts';

test('a connection that ends in the moment in which it is handed to a transaction does not end the process', async () => {
  const ground = await layGround();
  onTestFinished(() => ground.close());
  const wire = await openFaultyWire(ground.url);
  onTestFinished(() => wire.close());
  const db = openDatabase({
    url: wire.url,
    maxConnections: 1,
    applicationName: 'doomed',
    onIdleError: () => undefined,
  });
  onTestFinished(() => db.close());
  const holder = await ground.db.pool.connect();
  await holder.query('SELECT pg_advisory_lock(77)');
  const first = db.query('SELECT pg_advisory_lock(77)');
  const doomed = (state: string) => async () => {
    const { rowCount } = await holder.query(
      `SELECT pid FROM pg_stat_activity WHERE application_name = 'doomed' AND state = $1 AND query LIKE '%77%'`,
      [state],
    );
    return rowCount === 1;
  };
  await waitFor(doomed('active'), { describe: 'the first statement to wait at the server' });
  const waiting = db.transaction('test', (tx) => tx.query('SELECT 1'));
  const outcome = Promise.allSettled([first, waiting]);
  // What arrives now is delivered at once later, as to a process that was stopped for a while: the answer, on which the pool hands the
  // connection on, and in the same breath that it has ended.
  wire.freeze();
  await holder.query('SELECT pg_advisory_unlock(77)');
  await waitFor(doomed('idle'), { describe: 'the first statement to have ended at the server' });
  await holder.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'doomed'",
  );
  await waitFor(async () => !(await doomed('idle')()), {
    describe: 'the connection to have ended',
  });
  holder.release();
  await wire.mend();
  const [answered, handedOn] = await outcome;
  expect(answered.status).toBe('fulfilled');
  expect(handedOn.status).toBe('rejected');
  expect((await db.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
});
