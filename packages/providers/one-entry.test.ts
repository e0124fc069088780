import { readAccounts } from '@rollcall/config';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProvider } from './create-provider.ts';
import type { Provider } from './provider.ts';
import { openSimulatorWire, type SimulatorWire } from './simulator-wire.ts';

/** Two task types of the vendor that no line of code names: an entry each is all that they take. */
const entries = `
accounts:
  ekycpro:
    adapter: tasks-v1
    base_url: <url>
    key_env: EKYCPRO_API_KEY
    currency: USD
    allow_insecure: true
    result_hosts: ["<result host>"]
    checks:
      whatsapp: { task_type: ws, min_numbers: 500, chunk_size: 600, price_per_number: '0.0005' }
      viber: { task_type: viber, chunk_size: 600, price_per_number: '0.0005' }
defaults: { whatsapp: ekycpro, viber: ekycpro }
`;
const numbers = Float64Array.from({ length: 600 }, (_, index) => 12_025_550_100 + index);

describe('a task type of tasks-v1 works by an entry alone:', () => {
  let wire: SimulatorWire;
  let provider: Provider;

  beforeAll(async () => {
    wire = await openSimulatorWire('tasks-v1');
    const text = entries
      .replace('<url>', wire.account.baseUrl)
      .replace('<result host>', wire.account.resultHosts[0] ?? '');
    const read = readAccounts(text, { EKYCPRO_API_KEY: wire.key }, { withKeys: true });
    if (!read.ok) throw new Error(read.problems.join('\n'));
    const account = read.accounts.accounts.get('ekycpro');
    if (account === undefined) throw new Error('the entry is not there');
    provider = createProvider(account, read.accounts.keyOf('ekycpro'));
  });
  afterAll(async () => {
    await provider.close();
    await wire.close();
  });

  test.for(['whatsapp', 'viber'])('%s', async (check) => {
    const before = await wire.chargedNumbers();
    const taskType = provider.account.checks[check]?.taskType ?? '';
    const accepted = await provider.submit({
      taskType,
      numbers,
      reference: 'att_1',
      stillMine: () => true,
    });
    if (accepted.kind !== 'accepted') throw new Error(`not accepted: ${accepted.kind}`);
    expect(await wire.chargedNumbers()).toBe(before + numbers.length);

    const status = await provider.status([accepted.taskId]);
    const task = status.kind === 'answered' ? status.tasks.get(accepted.taskId) : undefined;
    expect(task).toMatchObject({ phase: 'ready', total: numbers.length });
    let byteCount = 0;
    const downloaded = await provider.download(
      task?.locator ?? { kind: 'url', url: '' },
      async (bytes) => {
        byteCount += bytes.length;
      },
    );
    expect(downloaded).toMatchObject({ kind: 'downloaded', byteCount });
    expect(byteCount).toBeGreaterThan(0);
  });

  test('whatsapp below its minimum is refused free, with the minimum that the server names', async () => {
    const before = await wire.chargedNumbers();
    const few = numbers.subarray(0, 100);
    expect(
      await provider.submit({
        taskType: 'ws',
        numbers: few,
        reference: 'att_2',
        stillMine: () => true,
      }),
    ).toMatchObject({
      kind: 'refused_free',
      refusal: 'batch_size',
      limit: { bound: 'min', numbers: 500 },
    });
    expect(await wire.chargedNumbers()).toBe(before);
  });
});
