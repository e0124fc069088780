import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { waitFor } from './wait-for.ts';
import { openWireConnection } from './wire-connection.ts';
import { noFaults } from './wire-faults.ts';

/** The two ends of a connection on this machine. */
async function openPair(): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('it has no port');
  const near = connect(address.port, '127.0.0.1');
  const [[far]] = (await Promise.all([once(listener, 'connection'), once(near, 'connect')])) as [
    [Socket],
    unknown,
  ];
  listener.close();
  return { near, far };
}

test('a connection whose receiver was slow three times listens as little as a new one', async () => {
  const client = await openPair();
  const server = await openPair();
  const { near: receiver, far: toReceiver } = server;
  const tell = { replyDropped: () => undefined, swallowed: () => undefined };
  const { closed } = openWireConnection(client.far, toReceiver, noFaults(), tell);
  const listened = () => ['drain', 'close'].map((name) => toReceiver.listenerCount(name));
  const atFirst = listened();
  client.near.on('error', () => undefined);
  client.near.write(Buffer.alloc(96_000_000, 'x'));
  for (let times = 0; times < 3; times += 1) {
    receiver.pause();
    await waitFor(() => toReceiver.writableNeedDrain, { describe: 'a full line' });
    expect(listened()).toEqual(atFirst.map((count) => count + 1));
    const drained = once(toReceiver, 'drain');
    receiver.resume();
    await drained;
  }
  client.near.destroy();
  receiver.destroy();
  await closed;
});
