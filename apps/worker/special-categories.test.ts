import type { CheckOffer } from '@rollcall/domain';
import { expect, test } from 'vitest';
import { layGround } from './test-ground.ts';
import { answerAll } from './testing/answer-all.ts';

/** What is kept of each row of a file that has the columns business, age, gender and avatar, under an account that wants these categories. */
async function attributesKept(
  specialCategories: CheckOffer['specialCategories'],
): Promise<readonly string[]> {
  const ground = await layGround({
    change: (account) => ({
      ...account,
      checks: Object.fromEntries(
        Object.entries(account.checks).map(([name, offer]) => [
          name,
          name === 'whatsapp' && account.adapter === 'tasks-v1'
            ? { ...offer, taskType: 'ws_avatar', ...(specialCategories && { specialCategories }) }
            : offer,
        ]),
      ),
    }),
  });
  try {
    const account = [...ground.accounts.accounts.values()].find(
      ({ adapter, checks }) => adapter === 'tasks-v1' && checks['whatsapp'] !== undefined,
    );
    const jobId = await ground.enqueue('whatsapp', ground.fresh(500), {
      ...(account && { account: account.id }),
    });
    await answerAll(ground, jobId);
    const { rows } = await ground.db.query<{ name: string }>(
      `SELECT DISTINCT k.name FROM store.results r JOIN store.jobs j ON j.job_no = r.job_no, jsonb_object_keys(r.attributes) AS k (name)
        WHERE j.id = $1 AND k.name <> 'verdict_word' ORDER BY 1`,
      [jobId],
    );
    return rows.map(({ name }) => name);
  } finally {
    await ground.close();
  }
}

test('what a provider says of a person unasked is not kept, and the rest is', async () => {
  expect(await attributesKept(undefined)).toEqual(['business']);
});

test('what an account names is kept, and no more', async () => {
  expect(await attributesKept(['age'])).toEqual(['age', 'business']);
});
