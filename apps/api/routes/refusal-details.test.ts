import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, type Json, openGround } from '../testing/ground.ts';
import { type Poster, posterTo, said } from '../testing/post-job.ts';

let ground: Ground;
let poster: Poster;
beforeAll(async () => {
  ground = await openGround();
  poster = posterTo(ground, await ground.bearer(['jobs:write']));
});
afterAll(() => ground.close());

describe('a refusal says what to mend', () => {
  const numbers = ['+447911123456'];

  test('fewer numbers than the account takes, with what the upload held', async () => {
    const before = await poster.jobCount();
    const { response, body } = await poster.postJson({
      ...said,
      check: 'whatsapp',
      numbers: ['+447911123456', '+447911123456', '+4915123456789', 'x'],
    });
    expect(response.status).toBe(422);
    expect(body).toMatchObject({
      code: 'too_few_numbers',
      counts: {
        minimum: 3,
        lines: 4,
        accepted: 2,
        duplicates: 1,
        rejected: 1,
        reject_reasons: { not_a_number: 1 },
      },
    });
    expect(body.detail).toContain('1 rejected (1 not_a_number)');
    expect(await poster.jobCount()).toBe(before);
  });

  test('no number at all, with why, and what mends it', async () => {
    const { body } = await poster.postJson({
      ...said,
      numbers: ['07911 123456', '07911 123457', 'x'],
    });
    expect(body.code).toBe('too_few_numbers');
    expect(body.detail).toContain('at least 1 number for');
    expect(body.detail).toContain('2 not_international: give `default_region`');
    expect(body.counts.reject_reasons).toEqual({ not_international: 2, not_a_number: 1 });
  });

  test('numbers that cost more than max_cost, by a hair too, with both amounts', async () => {
    const before = await poster.jobCount();
    const two = ['+447911123456', '+447911123457', '+447911123457'];
    const { response, body } = await poster.postJson({
      ...said,
      max_cost: '0.00079',
      numbers: two,
    });
    expect(response.status).toBe(422);
    expect(body).toMatchObject({
      code: 'max_cost_too_low',
      money: { currency: 'USD', cost: '0.0008', max_cost: '0.00079' },
    });
    expect(body.detail).toContain('cost 0.0008 USD, and max_cost is 0.00079 USD');
    expect(await poster.jobCount()).toBe(before);
    const enough = await poster.postJson({ ...said, max_cost: '0.0008', numbers: two });
    expect(enough.response.status).toBe(202);
  });

  test.each<[Json, string]>([
    [{ max_cost: 25 }, 'write an amount as text, such as "12.50"'],
    [{ max_cost: null }, 'write an amount as text, such as "12.50"'],
    [{ purpose: 5 }, 'write a text'],
    [{ requested_by: null }, 'write a text'],
    [{ priority: '5' }, 'write a whole number'],
    [{ default_region: 44 }, 'write a region as two capital letters'],
    [{ purpose: undefined }, 'is required'],
    [{ check: 5 }, 'write the name of a check; one of telegram, viber, whatsapp'],
    [
      { check: 'Telegram' },
      'write the name of a check in lower case; one of telegram, viber, whatsapp',
    ],
  ])('%j is told what to write', async (wrong, message) => {
    const { body } = await poster.postJson({ ...said, ...wrong, numbers });
    expect(body.errors).toEqual([{ in: 'body', pointer: `/${Object.keys(wrong)[0]}`, message }]);
  });

  test('fewer numbers than the provider lately said that it takes', async () => {
    await ground.database.query(
      `INSERT INTO store.learned_limits (account, check_name, min_numbers) VALUES ('alpha', 'telegram', 5)`,
    );
    const two = ['+447911123456', '+447911123457'];
    const few = await poster.postJson({
      ...said,
      check: 'telegram',
      account: 'alpha',
      numbers: two,
    });
    expect(few.body).toMatchObject({ code: 'too_few_numbers', counts: { minimum: 5 } });
    await ground.database.query(
      `UPDATE store.learned_limits SET learned_at = now() - interval '8 days'`,
    );
    const forgotten = await poster.postJson({
      ...said,
      check: 'telegram',
      account: 'alpha',
      numbers,
    });
    expect(forgotten.response.status).toBe(202);
  });
});
