import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Account, AdapterName } from '@rollcall/domain';
import { describe, expect, test } from 'vitest';
import { createProvider } from './create-provider.ts';
import { testAccount } from './wire.ts';

/**
 * A process that stands still while its upload connects, as under SIGSTOP, and goes on when the claim or the deadline is over: nothing
 * may leave it, since a person may have paid for the chunk again.
 */
const adapters: readonly AdapterName[] = ['tasks-v1', 'simple-tasks', 'webcom'];
const taskTypes = { 'tasks-v1': 'tg', 'simple-tasks': 'facebook', webcom: 'WA_cheking' } as const;
const numbers = Float64Array.from({ length: 5_000 }, (_, index) => 12_025_550_100 + index);

/** Freezes this thread from the moment that the upload has asked for its connection; the kernel goes on and makes it. */
async function uploadFrozen(
  adapter: AdapterName,
  overrides: Partial<Account>,
  frozen_ms: number,
  stillMine: () => boolean,
) {
  let connections = 0;
  let received_bytes = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received_bytes += chunk.length;
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const account = testAccount({ adapter, baseUrl: `http://127.0.0.1:${port}`, ...overrides });
  const provider = createProvider(account, 'key');
  const request = { taskType: taskTypes[adapter], numbers, reference: 'att_1', stillMine };
  const sent = provider.submit(request);
  process.nextTick(() => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, frozen_ms);
  });
  const answer = await sent;
  await provider.close();
  // All that came is read before a connection is seen to end.
  await once(server.close(), 'close');
  return { answer, connections, received_bytes };
}

describe.each(adapters)('%s', (adapter) => {
  test('fault 13: an upload whose deadline passed while it connected sends nothing and says so', async () => {
    const { answer, received_bytes } = await uploadFrozen(
      adapter,
      { upload_deadline_ms: 100 },
      400,
      () => true,
    );
    expect(received_bytes).toBe(0);
    expect(answer).toMatchObject({ kind: 'not_sent', evidence: { headersSent: false } });
  });

  test('fault 13: an upload whose claim ran out while it connected sends nothing and says so', async () => {
    const from_ms = performance.now();
    const { answer, connections, received_bytes } = await uploadFrozen(
      adapter,
      {},
      200,
      () => performance.now() - from_ms < 100,
    );
    expect(connections).toBe(1);
    expect(received_bytes).toBe(0);
    expect(answer).toMatchObject({
      kind: 'not_sent',
      reason: 'claim_lost',
      evidence: { headersSent: false, transportError: 'claim_lost' },
    });
  });
});
