import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type LookupFunction } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isPublicAddress } from './public-address.ts';
import {
  checkUrl,
  type FetchPolicy,
  longestUrl,
  publicConnector,
  safeFetch,
} from './safe-fetch.ts';
import { readResultUrl } from './status-answer.ts';

const policy: FetchPolicy = {
  allowedHosts: ['files.example.com', 'files.example.com:8443', '127.0.0.1', '[::1]', 'localhost'],
  allowInsecure: false,
  maxBytes: 1_000,
  deadline_ms: 2_000,
};
const nothing = async () => {};

describe('a URL is refused before anything is looked up where it', () => {
  test.for([
    ['is http', 'http://files.example.com/a', 'scheme_not_allowed'],
    ['is a file', 'file:///etc/passwd', 'scheme_not_allowed'],
    ['is ftp', 'ftp://files.example.com/a', 'scheme_not_allowed'],
    ['is no URL', 'files.example.com/a', 'not_a_url'],
    ['has a user', 'https://files.example.com@127.0.0.1/', 'credentials_in_url'],
    ['has another port', 'https://files.example.com:6379/a', 'host_not_allowed'],
    ['has another host', 'https://evil.example.com/a', 'host_not_allowed'],
    [
      'has a host that only begins alike',
      'https://files.example.com.evil.com/',
      'host_not_allowed',
    ],
    ['has a dot behind the host', 'https://files.example.com./a', 'host_not_allowed'],
    ['is a private address as a number', 'https://2130706433/', 'address_not_public'],
    ['is a private address, shortened', 'https://127.1/', 'address_not_public'],
    ['is a private address in hexadecimal', 'https://0x7f000001/', 'address_not_public'],
    ['is loopback in IPv6', 'https://[::1]/', 'address_not_public'],
    ['is mapped loopback', 'https://[::ffff:7f00:1]/', 'host_not_allowed'],
    ['is cloud metadata', 'https://169.254.169.254/', 'host_not_allowed'],
    ['is nowhere', 'https://0.0.0.0/', 'host_not_allowed'],
    ['is 8 KB long', `https://files.example.com/${'a'.repeat(8_192)}`, 'url_too_long'],
  ])('%s', ([, url = '', reason]) => {
    expect(checkUrl(url, policy)).toBe(reason);
  });
});

test('a URL of a listed host passes on 443 and on the port that the list names', () => {
  expect(checkUrl('https://files.example.com/a?b=c', policy)).toBeInstanceOf(URL);
  expect(checkUrl('https://files.example.com:443/a', policy)).toBeInstanceOf(URL);
  expect(checkUrl('https://files.example.com:8443/a', policy)).toBeInstanceOf(URL);
});

test('an insecure policy still holds to the list', () => {
  const insecure = { ...policy, allowInsecure: true };
  expect(checkUrl('http://127.0.0.1/a', insecure)).toBeInstanceOf(URL);
  expect(checkUrl('http://127.0.0.1:6379/a', insecure)).toBe('host_not_allowed');
});

test.for([
  ['8.8.8.8', true],
  ['52.219.40.1', true],
  ['2600:1f18::1', true],
  ['10.1.2.3', false],
  ['100.64.0.1', false],
  ['127.0.0.1', false],
  ['169.254.169.254', false],
  ['172.31.255.255', false],
  ['172.32.0.1', true],
  ['192.168.0.1', false],
  ['198.18.0.1', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['0.0.0.0', false],
  ['::', false],
  ['::1', false],
  ['::ffff:8.8.8.8', false],
  ['64:ff9b::808:808', false],
  ['2001:0:4136:e378::1', false],
  ['2001:db8::1', false],
  ['2002:7f00:1::', false],
  ['fc00::1', false],
  ['fe80::1', false],
  ['fe80::1%eth0', false],
  ['ff02::1', false],
  ['files.example.com', false],
] as const)('%s is public: %s', ([address, expected]) => {
  expect(isPublicAddress(address)).toBe(expected);
});

test('a URL of a status is fetched up to the length that is read', () => {
  const start = 'https://files.example.com/';
  for (const length of [5_000, longestUrl]) {
    const url = start.padEnd(length, 'a');
    expect(readResultUrl(url)).toBe(url);
    expect(checkUrl(url, policy)).toBeInstanceOf(URL);
  }
  const longer = start.padEnd(longestUrl + 1, 'a');
  expect(readResultUrl(longer)).toBeNull();
  expect(checkUrl(longer, policy)).toBe('url_too_long');
});

describe('the connector', () => {
  let connections = 0;
  let lastPeerPort: number | undefined;
  let receivedBytes = 0;
  const server = createServer((socket) => {
    connections += 1;
    lastPeerPort = socket.remotePort;
    socket.on('data', (bytes) => void (receivedBytes += bytes.length)).on('error', () => {});
    // Open for a moment, so that whoever connected could write.
    setTimeout(() => socket.destroy(), 50);
  });
  /** What the connector alone says of a host, whatever judged the URL before it. */
  const connectTo = (hostname: string, lookup?: LookupFunction, timeout_ms = 2_000) =>
    new Promise<string>((resolve) => {
      const options = { hostname, host: hostname, protocol: 'http:', port: String(port) };
      publicConnector(timeout_ms, lookup)(options, (error, socket) => {
        socket?.destroy();
        resolve(error === null ? 'connected' : error.message);
      });
    });
  /** By one connection of our own: they are taken in their order, so an earlier one was taken before. */
  const everyEarlierConnectionIsCounted = async () => {
    const last = connect(port, '127.0.0.1').on('error', () => {});
    await once(last, 'connect');
    const ownPort = last.localPort;
    await expect.poll(() => lastPeerPort).toBe(ownPort);
    last.destroy();
  };
  let port = 0;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  });
  afterAll(() => void server.close());

  test('fault 26: opens nothing to a name that resolves to an address that is not public', async () => {
    const url = `https://localhost:${port}/file`;
    const first = { url, headers: {}, isOwnHost: false };
    const allowedHosts = [`localhost:${port}`];
    const fetched = await safeFetch(first, { ...policy, allowedHosts }, nothing);
    expect(fetched).toMatchObject({ kind: 'forbidden', reason: 'address_not_public' });
    expect(connections).toBe(0);
  });

  test('fault 26: opens nothing to a literal address that is not public', async () => {
    const before = connections;
    expect(await connectTo('127.0.0.1')).toBe('address_not_public');
    expect(await connectTo('[::1]')).toBe('address_not_public');
    await everyEarlierConnectionIsCounted();
    expect(connections).toBe(before + 1);
  });

  test('fault 26: a redirect to a private address makes no packet, by its number or by its name', async () => {
    const before = connections;
    for (const [place, reason] of [
      [`https://127.0.0.1:${port}/`, 'address_not_public'],
      [`https://localhost:${port}/`, 'address_not_public'],
      [`http://127.0.0.1:${port}/`, 'scheme_not_allowed'],
      ['https://169.254.169.254/latest/meta-data', 'host_not_allowed'],
    ] as const) {
      const redirecting = createHttpServer((_, response) => {
        response.writeHead(302, { location: place }).end();
      }).listen(0, '127.0.0.1');
      await once(redirecting, 'listening');
      const { port: from } = redirecting.address() as AddressInfo;
      // The account's own address, which may be private; where it leads may not.
      const first = { url: `http://127.0.0.1:${from}/file`, headers: {}, isOwnHost: true };
      const allowedHosts = [`127.0.0.1:${port}`, `localhost:${port}`];
      const fetched = await safeFetch(first, { ...policy, allowedHosts }, nothing);
      redirecting.close();
      expect(fetched).toMatchObject({ kind: 'forbidden', reason });
    }
    await everyEarlierConnectionIsCounted();
    expect(connections).toBe(before + 1);
  });

  test('fault 26: a name that changes its address is looked up once, and where it leads the second time no byte goes', async () => {
    const before = connections;
    let lookUps = 0;
    const flipping: LookupFunction = (_hostname, options, callback) => {
      lookUps += 1;
      // Public at the first look, ours at every later one.
      const address = lookUps === 1 ? '192.0.2.1' : '127.0.0.1';
      if (options.all) callback(null, [{ address, family: 4 }]);
      else callback(null, address, 4);
    };
    // What was judged is what is connected to: no second look that could differ, so nothing of ours is reached.
    await connectTo('files.example.com', flipping, 300);
    expect(lookUps).toBe(1);
    await everyEarlierConnectionIsCounted();
    expect(connections).toBe(before + 1);
    // A further connection looks anew, and is judged anew by the address that it reached: closed without a byte.
    expect(await connectTo('files.example.com', flipping)).toBe('address_not_public');
    expect(receivedBytes).toBe(0);
  });

  test('fault 26: closes unused what was reached at an address that is not public, whatever the look-up said', async () => {
    const before = connections;
    const unjudged: LookupFunction = (_hostname, options, callback) => {
      if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
      else callback(null, '127.0.0.1', 4);
    };
    expect(await connectTo('files.example.com', unjudged)).toBe('address_not_public');
    await expect.poll(() => connections).toBe(before + 1);
    expect(receivedBytes).toBe(0);
  });

  test('opens a connection to the same name where insecure is allowed', async () => {
    const url = `http://localhost:${port}/file`;
    const first = { url, headers: {}, isOwnHost: false };
    const insecure = { ...policy, allowedHosts: [`localhost:${port}`], allowInsecure: true };
    const before = connections;
    expect(await safeFetch(first, insecure, nothing)).toMatchObject({ kind: 'lost' });
    expect(connections).toBe(before + 1);
  });
});
