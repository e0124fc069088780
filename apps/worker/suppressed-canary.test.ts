import { addSuppressions } from '@rollcall/db';
import { expect, test } from 'vitest';
import { planJob } from './stages/plan.ts';
import { submitChunk } from './stages/submit.ts';
import { layGround, testDigests } from './test-ground.ts';
import { answerAll } from './testing/answer-all.ts';

const never = new AbortController().signal;

test('a canary of which nothing is left to send proves nothing: another one goes, and what waits behind it waits on', async () => {
  const walled = await layGround({
    chunkSize: 30,
    change: (account) => ({
      ...account,
      canary: 'ingest',
      checks: Object.fromEntries(
        Object.entries(account.checks).map(([name, offer]) => [name, { ...offer, minNumbers: 2 }]),
      ),
    }),
  });
  try {
    const numbers = walled.fresh(95);
    const jobId = await walled.enqueue('telegram', numbers);
    await planJob(walled.equipment, jobId);
    const standing = async () =>
      (await walled.chunks(jobId)).filter((chunk) => chunk['state'] !== 'superseded');
    const emptied = (await standing())[0];
    expect(emptied).toMatchObject({ is_canary: true, state: 'ready' });
    await walled.db.transaction('test', (tx) =>
      addSuppressions(
        tx,
        1,
        numbers.slice(0, Number(emptied?.['numbers'])),
        testDigests,
        'objection',
      ),
    );
    expect(await submitChunk(walled.equipment, String(emptied?.['id']), never)).toEqual({
      cancelled: 1,
    });
    expect((await standing()).map((chunk) => chunk['state'])).not.toContain('ready');
    await planJob(walled.equipment, jobId);
    const [ended, canary, ...others] = await standing();
    expect(ended).toMatchObject({ id: emptied?.['id'], state: 'cancelled' });
    expect(canary).toMatchObject({
      is_canary: true,
      state: 'ready',
      numbers: emptied?.['numbers'],
    });
    expect(others.length).toBeGreaterThan(1);
    for (const other of others) expect(other).toMatchObject({ state: 'blocked', reason: 'canary' });
    await answerAll(walled, jobId);
    const audit = await walled.db.query('SELECT ok, pending FROM rollcall.audit($1)', [jobId]);
    expect(audit.rows[0]).toEqual({ ok: true, pending: 0 });
  } finally {
    await walled.close();
  }
});
