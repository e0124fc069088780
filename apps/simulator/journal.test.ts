import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { jsonOf, openGround, someNumbers } from './testing/ground.ts';

test('with a data folder, tasks, charges and balances outlive the process', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-journal-'));
  try {
    const options = { data_directory: folder };
    const first = await openGround(options);
    const { task_id } = await jsonOf(first.create('ekycpro', someNumbers(30), 'tg'));
    await first.control('PUT', 'balance', { account: 'webcom', balance: 0.02 });
    const paid = (await jsonOf(first.create('webcom', someNumbers(20), 'WA_cheking'))).data;
    const waiting = (await jsonOf(first.create('webcom', someNumbers(20, 1e10), 'WA_cheking')))
      .data;
    const worldOf = async (ground: typeof first) => [
      await ground.control('GET', 'ledger'),
      await ground.control('GET', 'tasks'),
      await ground.control('GET', 'balance'),
    ];
    const before = await worldOf(first);
    await first[Symbol.asyncDispose]();
    // A line that a kill cut short.
    await appendFile(join(folder, 'journal.ndjson'), '{"kind":"cha');

    const second = await openGround(options);
    expect(await worldOf(second)).toEqual(before);
    const status = await jsonOf(second.status('ekycpro', task_id));
    expect((await fetch(status.result_url)).status).toBe(200);
    expect((await jsonOf(second.status('webcom', paid.id))).data[0].status).toBe('complete');
    expect((await jsonOf(second.status('webcom', waiting.id))).data[0].status).toBe('waittopay');
    // An id that was given out is never given out again.
    await second.control('PUT', 'balance', { account: 'webcom', balance: 1 });
    const later = await jsonOf(second.create('webcom', someNumbers(20, 2e10), 'WA_cheking'));
    expect(later.data.id).toBe(waiting.id + 1);
    const after = await worldOf(second);
    await second[Symbol.asyncDispose]();
    await using third = await openGround(options);
    expect(await worldOf(third)).toEqual(after);
  } finally {
    await rm(folder, { recursive: true });
  }
});
