import { testBackends } from '@rollcall/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, layGround } from './test-ground.ts';

/** The seven seed checks, each on the account that the issue names for it. */
const seedChecks: readonly (readonly [account: string, check: string])[] = [
  ['webcom', 'whatsapp'],
  ['webcom', 'viber'],
  ['webcom', 'telegram'],
  ['ekycpro', 'telegram'],
  ['ekycpro', 'coinw'],
  ['checknumber', 'twitter'],
  ['ekycpro-facebook', 'facebook'],
];

const numbers = Array.from({ length: 2_500 }, (_, index) => 447_911_120_000 + index * 3);

describe.each(testBackends)('on %s', (backend) => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await layGround({ chunkSize: 1_000 });
    await ground.start(backend);
  });
  afterAll(() => ground.close());

  test.each(seedChecks)(
    '%s answers %s: every number gets one row, and is paid for once',
    async (account, check) => {
      const jobId = await ground.enqueue(check, [...numbers, 447_911_120_003], { account });
      await ground.untilState(jobId, ['completed', 'completed_with_errors']);
      const job = await ground.job(jobId);
      expect(job).toMatchObject({
        state: 'completed',
        lines: 2_501,
        duplicates: 1,
        answered: 2_500,
        pending: 0,
      });
      const audit = await ground.db.query('SELECT ok FROM rollcall.audit($1)', [jobId]);
      expect(audit.rows).toEqual([{ ok: true }]);
      const chunks = await ground.chunks(jobId);
      expect(chunks.map((chunk) => chunk['state'])).toEqual(chunks.map(() => 'done'));
      expect(await ground.simulator.control('GET', 'paid-twice')).toMatchObject({ paid_twice: 0 });
    },
    30_000,
  );
});
