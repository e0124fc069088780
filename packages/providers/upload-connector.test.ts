import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { buildConnector } from 'undici';
import { expect, test } from 'vitest';
import { uploadConnector } from './upload-connector.ts';

/** Answers the first bytes, resets 20 ms later, and then wakes whoever waits on `flag`: on a thread of its own, so that the client can stand still meanwhile. */
const server = `
const { createServer } = require('node:net');
const { parentPort, workerData } = require('node:worker_threads');
const flag = new Int32Array(workerData);
createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', () => {
    socket.pause().write('answer');
    setTimeout(() => {
      socket.resetAndDestroy();
      setTimeout(() => { Atomics.store(flag, 0, 1); Atomics.notify(flag, 0); }, 20);
    }, 20);
  });
}).listen(0, '127.0.0.1', function () { parentPort.postMessage(this.address().port); });
`;

function connected(port: number, mayWrite: () => boolean): Promise<Socket> {
  return new Promise((resolve, reject) => {
    uploadConnector(buildConnector({ timeout: 5_000 }), mayWrite)(
      { protocol: 'http:', hostname: '127.0.0.1', port: String(port) },
      (error, socket) => (error === null ? resolve(socket) : reject(error)),
    );
  });
}

test('an answer that came before a reset is read although the next write fails', async () => {
  const shared = new SharedArrayBuffer(4);
  const worker = new Worker(server, { eval: true, workerData: shared });
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  const socket = await connected(port, () => true);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  const ended = new Promise((resolve) => socket.once('end', resolve).once('close', resolve));

  socket.write('head');
  // Nothing can be read here before the next write meets the reset.
  Atomics.wait(new Int32Array(shared), 0, 0, 5_000);
  socket.write('more');

  await ended;
  expect(Buffer.concat(chunks).toString()).toBe('answer');
  socket.destroy();
  await worker.terminate();
});

test('a write whose time is over in the middle goes no further, and what came before it is whole', async () => {
  let received = 0;
  const reader = createServer((socket) => socket.on('data', (chunk) => (received += chunk.length)));
  await once(reader.listen(0, '127.0.0.1'), 'listening');
  const { port } = reader.address() as AddressInfo;
  let asked = 0;
  let isOver = false;
  const socket = await connected(port, () => {
    asked += 1;
    isOver = asked > 3;
    return !isOver;
  });
  let done = false;
  socket.write('head', 'latin1');
  socket.write(Buffer.alloc(1024 * 1024), () => (done = true));
  await expect.poll(() => isOver).toBe(true);
  // The server reads all that was sent before it sees the end.
  socket.destroy();
  await once(reader.close(), 'close');
  expect(received).toBe(4 + 2 * 65_536);
  expect(done).toBe(false);
});
