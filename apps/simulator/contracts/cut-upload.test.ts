import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { openGround, someNumbers, until } from '../testing/ground.ts';

const part = (head: string, body: string) =>
  `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${body}\r\n`;
const form = [
  part('name="task_type"', 'tg'),
  part('name="file"; filename="n.txt"', someNumbers(500).join('\n')),
  '--b--\r\n',
].join('');

test.for([
  ['with a Content-Length', false],
  ['in chunks', true],
] as const)('an upload %s that breaks off is neither accepted nor charged', async ([, chunked]) => {
  await using ground = await openGround();
  const { hostname, port } = new URL(ground.url);
  const socket = connect(Number(port), hostname);
  const half = form.slice(0, form.length / 2);
  socket.write(
    `POST /v1/tasks HTTP/1.1\r\nHost: x\r\nX-API-Key: sim-ekycpro\r\nContent-Type: multipart/form-data; boundary=b\r\n${
      chunked
        ? `Transfer-Encoding: chunked\r\n\r\n${half.length.toString(16)}\r\n${half}\r\n`
        : `Content-Length: ${form.length}\r\n\r\n${half}`
    }`,
  );
  const inFlight = async () =>
    (await ground.control('GET', 'requests')).requests.map(
      (each: { in_flight: number }) => each.in_flight,
    );
  await until(async () => (await inFlight())[0] === 1);
  socket.destroy();
  await until(async () => (await inFlight())[0] === 0);
  expect((await ground.control('GET', 'ledger')).charges).toEqual([]);
  expect((await ground.control('GET', 'tasks')).tasks).toEqual([]);
});

test.for([
  ['in the middle of the file', form.slice(0, form.length / 2)],
  [
    'after all that matters',
    part('name="file"; filename="n.txt"', someNumbers(5).join('\n')) +
      part('name="task_type"', 'tg') +
      part('name="name"', 'x').slice(0, -5),
  ],
] as const)(
  'a body that ends without its closing boundary, %s, is refused, free',
  async ([, body]) => {
    await using ground = await openGround();
    const response = await fetch(`${ground.url}/v1/tasks`, {
      method: 'POST',
      headers: { 'x-api-key': 'sim-ekycpro', 'content-type': 'multipart/form-data; boundary=b' },
      body,
    });
    expect(response.status).toBe(400);
    expect((await ground.control('GET', 'ledger')).charges).toEqual([]);
  },
);
