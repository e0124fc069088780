import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type LookupFunction } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { guardedConnector } from './guarded-connector.ts';
import { isPublicAddress } from './public-address.ts';
import type { MayReach } from './reach.ts';

let connections = 0;
let lastPeerPort: number | undefined;
let receivedBytes = 0;
let port = 0;
const server = createServer((socket) => {
  connections += 1;
  lastPeerPort = socket.remotePort;
  socket.on('data', (bytes) => void (receivedBytes += bytes.length)).on('error', () => {});
  // Open for a moment, so that whoever connected could write.
  setTimeout(() => socket.destroy(), 50);
});
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  port = (server.address() as AddressInfo).port;
});
beforeEach(() => {
  connections = 0;
  receivedBytes = 0;
});
afterAll(() => void server.close());

interface Attempt {
  readonly hostname: string;
  readonly protocol?: 'http:' | 'https:';
  readonly mayReach?: MayReach;
  readonly lookup?: LookupFunction;
}

/** What the connector alone says of a host, whatever judged the URL before it. */
function connectTo({ hostname, protocol = 'http:', mayReach = isPublicAddress, lookup }: Attempt) {
  return new Promise<string>((resolve) => {
    const options = { hostname, host: hostname, protocol, port: String(port) };
    guardedConnector({ timeout_ms: 2_000, mayReach, lookup })(options, (error, socket) => {
      socket?.destroy();
      resolve(error === null ? 'connected' : error.message);
    });
  });
}

/** By one connection of our own: they are taken in their order, so an earlier one was taken before. */
async function everyEarlierConnectionIsCounted(): Promise<void> {
  const last = connect(port, '127.0.0.1').on('error', () => {});
  await once(last, 'connect');
  const ownPort = last.localPort;
  await expect.poll(() => lastPeerPort).toBe(ownPort);
  last.destroy();
}

const toHere: LookupFunction = (_hostname, options, callback) => {
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

test.for(['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', 'localhost'])(
  'fault 26: opens nothing to %s, which is not public',
  async (hostname) => {
    expect(await connectTo({ hostname })).toBe('address_not_public');
    await everyEarlierConnectionIsCounted();
    expect(connections).toBe(1);
  },
);

test('opens a connection to the same address and name where it may', async () => {
  expect(await connectTo({ hostname: '127.0.0.1', mayReach: () => true })).toBe('connected');
  const mayReach = (address: string) => address === '127.0.0.1' || address === '::1';
  expect(await connectTo({ hostname: 'localhost', mayReach })).toBe('connected');
  expect(connections).toBe(2);
});

test('fault 26: a name is looked up once, and the address that was judged is the one that is connected to', async () => {
  let lookUps = 0;
  const counting: LookupFunction = (hostname, options, callback) => {
    lookUps += 1;
    toHere(hostname, options, callback);
  };
  const attempt = { hostname: 'files.example.com', mayReach: () => true, lookup: counting };
  expect(await connectTo(attempt)).toBe('connected');
  expect(lookUps).toBe(1);
});

test.for(['http:', 'https:'] as const)(
  'fault 26: closes what was reached at an address that is not public without a byte, over %s',
  async (protocol) => {
    // As if the address had changed under the connection: judged well at the look-up, and not when it was reached.
    let asked = 0;
    const mayReach = () => (asked += 1) === 1;
    const attempt = { hostname: 'files.example.com', protocol, mayReach, lookup: toHere };
    expect(await connectTo(attempt)).toBe('address_not_public');
    expect(asked).toBe(2);
    await everyEarlierConnectionIsCounted();
    expect([connections, receivedBytes]).toEqual([2, 0]);
  },
);

test('a connection that may be opened over TLS does write, so that the test above can fail', async () => {
  const attempt = { hostname: 'files.example.com', protocol: 'https:', lookup: toHere } as const;
  expect(await connectTo({ ...attempt, mayReach: () => true })).not.toBe('address_not_public');
  await expect.poll(() => receivedBytes).toBeGreaterThan(0);
});
