import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { safeFetch } from './safe-fetch.ts';

/** Fetches what a server answers with exactly this head and these bytes, and then closes. */
async function fetched(head: string, body: string): Promise<unknown> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${body}`));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const hops = { allowedHosts: [host], allowHttp: true, mayReach: () => true };
  const policy = { ...hops, maxBytes: 100, deadline_ms: 20_000 };
  try {
    const first = { url: `http://${host}/`, headers: {}, own: null };
    return await safeFetch(first, policy, async () => {});
  } finally {
    server.close();
  }
}

// It is undici that counts; a check of our own behind it could refuse nothing.
test.each([
  ['more than comes', 'content-length: 5', '1234'],
  [
    'more than comes in chunks',
    'content-length: 5\r\ntransfer-encoding: chunked',
    '4\r\n1234\r\n0\r\n\r\n',
  ],
  [
    'another than the last of chunks',
    'transfer-encoding: chunked\r\ncontent-length: 5',
    '4\r\n1234\r\n0\r\n\r\n',
  ],
  ['two', 'content-length: 4\r\ncontent-length: 5', '1234'],
  ['none, and its last chunk does not come', 'transfer-encoding: chunked', '4\r\n1234\r\n'],
])('a file whose length is said to be %s is lost', async (_, head, body) => {
  expect(await fetched(head, body)).toMatchObject({ kind: 'lost' });
});

test.each([
  ['as said', 'content-length: 4', '1234'],
  ['as said, whatever comes behind it', 'content-length: 4', '12345'],
  ['not said', 'connection: close', '1234'],
  ['that of its chunks', 'transfer-encoding: chunked', '4\r\n1234\r\n0\r\n\r\n'],
])('one whose length is %s is whole', async (_, head, body) => {
  expect(await fetched(head, body)).toMatchObject({ kind: 'fetched', byteCount: 4 });
});
