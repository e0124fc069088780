import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { openAccountHttp } from './http.ts';
import { testAccount } from './wire.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function upload(server: Server, bytes: number, deadline_ms = 20_000) {
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const http = openAccountHttp(
    testAccount({
      adapter: 'tasks-v1',
      baseUrl: `http://127.0.0.1:${port}`,
      upload_deadline_ms: deadline_ms,
    }),
  );
  const call = { method: 'POST', path: '/v1/tasks', headers: {}, operation: 'submit' } as const;
  const answer = await http.upload({ ...call, body: Buffer.alloc(bytes, 0x31) }, () => true);
  await http.close();
  return answer;
}
/** More than the buffers of both kernels hold. */
const large = 64 * 1024 * 1024;

test('an upload that was read whole was taken whole', async () => {
  for (const bytes of [1, 70_000, 5_000_000]) {
    const server = createHttpServer((request, response) => {
      request.resume().on('end', () => response.end('{}'));
    });
    const { sentBody } = await upload(server, bytes);
    expect(sentBody).toEqual({ bytes, taken_bytes: bytes });
  }
});

test('of an upload whose reader stood still only what the systems buffer was taken', async () => {
  const held: Socket[] = [];
  const server = createServer((socket) => {
    held.push(socket.pause());
    socket.on('error', () => undefined);
  });
  const answer = await upload(server, large, 1_000);
  for (const socket of held) socket.destroy();
  expect(answer).toMatchObject({ transportError: 'total_deadline', headersSent: true });
  expect(answer.sentBody?.bytes).toBe(large);
  expect(answer.sentBody?.taken_bytes).toBeGreaterThan(0);
  expect(answer.sentBody?.taken_bytes).toBeLessThan(large);
});

test('an upload that was reset in the middle was not taken whole', async () => {
  let read = 0;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      read += chunk.length;
      if (read > 1_000_000) socket.resetAndDestroy();
    });
  });
  const answer = await upload(server, large);
  expect(answer.httpStatus).toBeNull();
  expect(answer.sentBody?.taken_bytes).toBeGreaterThan(0);
  expect(answer.sentBody?.taken_bytes).toBeLessThan(large);
});

test('of an upload that found nobody nothing was taken', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const http = openAccountHttp(
    testAccount({ adapter: 'tasks-v1', baseUrl: `http://127.0.0.1:${port}` }),
  );
  const call = { method: 'POST', path: '/v1/tasks', headers: {}, operation: 'submit' } as const;
  const answer = await http.upload({ ...call, body: Buffer.alloc(10) }, () => true);
  await http.close();
  expect(answer).toMatchObject({ headersSent: false, sentBody: { bytes: 10, taken_bytes: 0 } });
});
