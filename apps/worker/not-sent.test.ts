import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createProvider, type Provider } from '@rollcall/providers';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { planJob } from './stages/plan.ts';
import { submitChunk } from './stages/submit.ts';
import { type Ground, layGround } from './test-ground.ts';

/** Row 7 of `faults.md`: what is proved to have never left is free, and is tried again without anybody's word. */
let ground: Ground;
let serial = 0;
const never = new AbortController().signal;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  ground = await layGround();
});
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
  await ground.nothingPaidTwice();
});
afterAll(() => ground.close());

/** Address of a listener that does this with whoever connects. */
async function listener(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function closedPort(): Promise<string> {
  const address = await listener(() => undefined);
  await closers.pop()?.();
  return address;
}

/** A listener that is stopped and whose queue is full: the kernel drops the next SYN, so that connecting takes for ever. */
async function fullListener(): Promise<string> {
  const program = `require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 },
    function () { console.log(this.address().port) })`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill('SIGSTOP');
  const port = Number(line.toString());
  const fillers = Array.from({ length: 4 }, () =>
    connect(port, '127.0.0.1').on('error', () => undefined),
  );
  await once(fillers[0] as Socket, 'connect');
  closers.push(async () => {
    for (const filler of fillers) filler.destroy();
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  return `127.0.0.1:${port}`;
}

test.each([
  ['refused', async () => `http://${await closedPort()}`, /^ECONNREFUSED$/],
  ['no DNS', async () => 'http://no-such-host.invalid', /^(ENOTFOUND|EAI_AGAIN|total_deadline)$/],
  [
    'a TLS failure',
    async () => ground.simulator.url.replace('http:', 'https:'),
    /^(EPROTO|ERR_SSL)/,
  ],
  [
    'a TLS handshake that never ends',
    async () => `https://${await listener(() => undefined)}`,
    /^(total_deadline|UND_ERR_CONNECT_TIMEOUT)$/,
  ],
  [
    'a connection that never comes about',
    async () => `http://${await fullListener()}`,
    /^(total_deadline|UND_ERR_CONNECT_TIMEOUT)$/,
  ],
  [
    'reset before the first byte of the request',
    async () => `https://${await listener((socket) => void socket.resetAndDestroy())}`,
    /^ECONNRESET$/,
  ],
])('fault 7: %s: not sent, free, and tried again', async (_, badAddress, reason) => {
  serial += 1;
  const charges = await ground.charges('ekycpro');
  const jobId = await ground.enqueue('telegram', [447_917_000_000 + serial]);
  await planJob(ground.equipment, jobId);
  const chunkId = String((await ground.chunks(jobId))[0]?.['id']);

  const baseUrl = await badAddress();
  const opened: Provider[] = [];
  closers.push(async () => {
    for (const provider of opened) await provider.close();
  });
  const misled = {
    ...ground.equipment,
    providerOf(account: Parameters<typeof ground.equipment.providerOf>[0]) {
      const elsewhere = { ...account, baseUrl, upload_deadline_ms: 700 };
      const provider = createProvider(elsewhere, ground.accounts.keyOf(account.id));
      opened.push(provider);
      return provider;
    },
  };
  expect(await submitChunk(misled, chunkId, never)).toEqual({ ready: 1 });
  const [chunk] = await ground.chunks(jobId);
  expect(chunk).toMatchObject({ state: 'ready', attempt_outcome: 'not_sent' });
  expect(String(chunk?.['outcome_reason'])).toMatch(reason);
  expect(await ground.charges('ekycpro')).toBe(charges);

  await ground.hurry(jobId);
  expect(await submitChunk(ground.equipment, chunkId, never)).toEqual({ polling: 1 });
  expect(await ground.charges('ekycpro')).toBe(charges + 1);
  const { rows } = await ground.db.query<{ place: string }>(
    `SELECT m.place FROM store.attempt_money m JOIN store.jobs j ON j.job_no = m.job_no WHERE j.id = $1 ORDER BY m.reserved_at`,
    [jobId],
  );
  expect(rows.map((row) => row.place)).toEqual(['released', 'committed']);
});
