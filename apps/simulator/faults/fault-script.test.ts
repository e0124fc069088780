import { describe, expect, test } from 'vitest';
import { endOf, onCreate, upload } from '../testing/fault-calls.ts';
import { openGround, someNumbers } from '../testing/ground.ts';

describe('which requests a fault strikes', () => {
  test('the nth and so many from there', async () => {
    await using ground = await openGround();
    await onCreate(ground, { kind: 'answer', status: 500 }, { nth: 2, next: 2 });
    const ends: unknown[] = [];
    for (let turn = 0; turn < 5; turn += 1)
      ends.push(await endOf(upload(ground, 1e10 + turn * 100)));
    expect(ends).toEqual([200, 500, 500, 200, 200]);
    expect((await ground.control('GET', 'faults')).faults).toMatchObject([{ seen: 5, fired: 2 }]);
  });

  test('only those of its contract, operation, account, key and task type', async () => {
    await using ground = await openGround();
    const matches = [
      { contract: 'webcom' },
      { operation: 'status' },
      { account: 'checknumber' },
      { key: 'sim-checknumber' },
      { task_type: 'tg' },
      { task_id: 'd4g8o46p2jvh04o9uolg' },
    ];
    const action = { kind: 'answer', status: 503 };
    const faults = matches.map((match) => ({ match, next: 'all', action }));
    await ground.control('POST', 'faults', faults);
    expect(await endOf(upload(ground))).toBe(200);
    expect(await endOf(ground.create('ekycpro', someNumbers(10), 'tg'))).toBe(503);
    expect(await endOf(ground.create('checknumber', someNumbers(10), 'coinW'))).toBe(503);
    expect(await endOf(ground.status('ekycpro', 'x'))).toBe(503);
    expect(await endOf(ground.create('webcom', someNumbers(10), 'WA_cheking'))).toBe(503);
  });

  test('one after the other where several are due, and none once they are deleted', async () => {
    await using ground = await openGround();
    await onCreate(ground, { kind: 'answer', status: 500 });
    await onCreate(ground, { kind: 'answer', status: 429 });
    await onCreate(ground, { kind: 'answer', status: 413 }, { next: 'all' });
    expect([await endOf(upload(ground)), await endOf(upload(ground))]).toEqual([500, 429]);
    expect(await endOf(upload(ground))).toBe(413);
    expect(await ground.control('DELETE', 'faults')).toMatchObject({
      faults: [{ fired: 1 }, { fired: 1 }, { fired: 1 }],
    });
    expect(await endOf(upload(ground))).toBe(200);
  });

  test('never those that the fault could not know: a contradiction is refused when it is posted', async () => {
    await using ground = await openGround();
    const fault = { match: { task_type: 'tg' }, action: { kind: 'reset_before_body' } };
    await expect(ground.control('POST', 'faults', fault)).rejects.toThrow('before the body');
    await expect(onCreate(ground, { kind: 'explode' })).rejects.toThrow('400');
  });
});
