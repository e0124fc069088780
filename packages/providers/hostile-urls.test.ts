import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, isIP, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createProvider } from './create-provider.ts';
import { openTinyDns, type TinyDns } from './dns-for-tests.ts';
import { isPublicAddress } from './public-address.ts';
import { type FetchPolicy, safeFetch } from './safe-fetch.ts';
import { testAccount } from './wire.ts';

// P12 as somebody finds out who waits at the other end: listeners on addresses that may not be reached, and how many connections they took.

/** Of this machine, where they can be listened at: loopback in both families, its second address, and one that others see. */
const candidates = [
  '127.0.0.1',
  '127.0.0.2',
  '::1',
  '169.254.169.254',
  ...Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ address, internal }) => !internal && !isPublicAddress(address))
    .filter(({ address }) => !address.startsWith('fe80:'))
    .map(({ address }) => address),
];

let connections = 0;
const listeners: Server[] = [];
/** The same port at every one of the addresses. */
let port = 0;
let listenedAt: string[] = [];
let dns: TinyDns;

/** Null where this machine has no such address, or does not let us have the port. */
async function listen(host: string, at: number): Promise<Server | null> {
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => {}).resume();
    setTimeout(() => socket.destroy(), 50);
  });
  try {
    await Promise.all([once(server, 'listening'), Promise.resolve(server.listen(at, host))]);
  } catch {
    return null;
  }
  listeners.push(server);
  return server;
}

const names: Readonly<Record<string, readonly (string | { readonly cname: string })[]>> = {
  'loopback.test': ['127.0.0.1'],
  'second-loopback.test': ['127.0.0.2'],
  'loopback6.test': ['::1'],
  'mapped.test': ['::ffff:127.0.0.1'],
  'compatible.test': ['::127.0.0.1'],
  'nat64.test': ['64:ff9b::7f00:1'],
  'metadata.test': ['169.254.169.254'],
  'nowhere.test': ['0.0.0.0'],
  'private.test': ['10.0.0.1', '192.168.0.1', '172.16.0.1', '100.64.0.1'],
  'mixed.test': ['8.8.8.8', '127.0.0.1'],
  'mixed6.test': ['2600:1f18::1', '::1'],
  'mixed-families.test': ['8.8.8.8', '::1'],
  'alias.test': [{ cname: 'alias-2.test' }],
  'alias-2.test': [{ cname: 'alias-3.test' }],
  'alias-3.test': [{ cname: 'loopback.test' }],
};

beforeAll(async () => {
  const first = await listen('127.0.0.1', 0);
  if (!first) throw new Error('127.0.0.1 cannot be listened on');
  port = (first.address() as AddressInfo).port;
  listenedAt = ['127.0.0.1'];
  for (const host of new Set(candidates.slice(1))) {
    if (await listen(host, port)) listenedAt.push(host);
  }
  // The ports that URLs mean without saying so, and Redis', where this user may have them and nobody else does.
  for (const usual of [80, 443, 6379]) {
    for (const host of listenedAt) await listen(host, usual);
  }
  dns = await openTinyDns((name) => names[name] ?? []);
});
beforeEach(() => {
  connections = 0;
});
afterAll(async () => {
  for (const server of listeners) server.close();
  await dns.close();
});

/** By one connection of our own to each listener, the last ones to be counted. */
async function connectionsTaken(): Promise<number> {
  for (const server of listeners) {
    const { address, port: at } = server.address() as AddressInfo;
    const own = connect(at, address).on('error', () => {});
    await once(own, 'connect');
    own.destroy();
  }
  await expect.poll(() => connections).toBeGreaterThanOrEqual(listeners.length);
  return connections - listeners.length;
}

const ported = (host: string) => [`https://${host}/f`, `https://${host}:${port}/f`];

/** Every spelling of hostile-inputs, of what is not public. */
const corpus: readonly string[] = [
  ...['127.0.0.1', '127.0.0.2', '2130706433', '0x7f000001', '0x7f.1', '017700000001'].flatMap(
    ported,
  ),
  ...['127.1', '127.0.1', '0177.0.0.1', '127.0.0.1.', '%31%32%37.0.0.1', '①②⑦.0.0.1'].flatMap(
    ported,
  ),
  ...['[::1]', '[0:0:0:0:0:0:0:1]', '[::ffff:7f00:1]', '[::ffff:127.0.0.1]'].flatMap(ported),
  ...[
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[fe80::1]',
    '[fd00:ec2::254]',
  ].flatMap(ported),
  ...['169.254.169.254', '2852039166', '[::ffff:a9fe:a9fe]', '0.0.0.0', '0', '[::]'].flatMap(
    ported,
  ),
  ...['localhost', 'LOCALHOST', 'localhost.', 'a.localhost'].flatMap(ported),
  ...Object.keys(names).flatMap(ported),
  'http://127.0.0.1:6379/',
  'https://127.0.0.1:6379/',
  'https://loopback.test:6379/',
  'http://127.0.0.1/',
  'file:///etc/passwd',
  'ftp://127.0.0.1/f',
  'gopher://127.0.0.1:6379/_FLUSHALL',
  'data:text/plain,1',
  'https://ok.example@127.0.0.1/',
  'https://ok.example:443@127.0.0.1/',
  'https:127.0.0.1',
  'https:\\\\127.0.0.1\\f',
  '//127.0.0.1/f',
  '/etc/passwd',
  '',
];

/** With every host on the list, so that what stops a URL is its scheme or its address alone. */
function policyFor(url: string): FetchPolicy {
  const parsed = URL.parse(url);
  return {
    allowedHosts: parsed === null ? [] : [parsed.host, `${parsed.hostname}:443`],
    allowHttp: false,
    mayReach: isPublicAddress,
    lookup: (hostname, options, callback) => {
      if (hostname.endsWith('.test')) dns.lookup(hostname, options, callback);
      else callback(null, [{ address: '127.0.0.1', family: 4 }]);
    },
    maxBytes: 1_000,
    deadline_ms: 5_000,
  };
}

/** Of hosts it is the address, and of what has none the URL itself. */
function reasonOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return 'not_a_url';
  if (parsed.protocol !== 'https:') return 'scheme_not_allowed';
  return parsed.username === '' ? 'address_not_public' : 'credentials_in_url';
}

const nothing = async () => {};
const hostile = () =>
  corpus.map((url) => url.replace(':0/f', `:${port}/f`)).filter((url) => !url.includes(':0/'));

test('fault 26: no URL of the corpus opens a connection, although the list of hosts has every one of them', async () => {
  const outcomes: Record<string, unknown> = {};
  for (const url of hostile()) {
    const fetched = await safeFetch({ url, headers: {}, own: null }, policyFor(url), nothing);
    outcomes[url] = fetched.kind === 'forbidden' ? fetched.reason : fetched;
  }
  expect(outcomes).toEqual(Object.fromEntries(hostile().map((url) => [url, reasonOf(url)])));
  expect(await connectionsTaken()).toBe(0);
});

test('fault 26: nor does a redirect to any of them', async () => {
  let location = '';
  const redirecting = createHttpServer((_, response) => {
    response.writeHead(302, { location }).end();
  }).listen(0, '127.0.0.1');
  await once(redirecting, 'listening');
  const { port: from } = redirecting.address() as AddressInfo;
  for (location of hostile().filter((url) => /^[\x21-\x7e]+$/.test(url) && URL.canParse(url))) {
    const own = { url: `http://127.0.0.1:${from}/f`, headers: {}, own: () => true };
    const fetched = await safeFetch(own, policyFor(location), nothing);
    expect(fetched, location).toMatchObject({ kind: 'forbidden', headersSent: true });
  }
  redirecting.close();
  expect(await connectionsTaken()).toBe(0);
});

test('the listeners do count: one connection each, where an account says that it may reach them', async () => {
  for (const host of listenedAt.filter((address) => !address.startsWith('169.254.'))) {
    const hosted = isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
    const policy = {
      ...policyFor(''),
      allowedHosts: [hosted],
      allowHttp: true,
      mayReach: () => true,
    };
    const first = { url: `http://${hosted}/f`, headers: {}, own: null };
    expect(await safeFetch(first, policy, nothing)).toMatchObject({ kind: 'lost' });
  }
  expect(connections).toBeGreaterThanOrEqual(listenedAt.length - 1);
});

describe.for(['tasks-v1', 'simple-tasks', 'webcom'] as const)('%s', (adapter) => {
  const stillMine = () => true;
  const request = {
    taskType: 'tg',
    numbers: Float64Array.of(12_025_550_100),
    reference: 'att_1',
    stillMine,
  };
  const accountAt = (host: string, allowInsecure: boolean) =>
    testAccount({
      adapter,
      baseUrl: `https://${host}:${port}`,
      allowInsecure,
      download_deadline_ms: 5_000,
    });

  test('opens nothing by any of its calls where the base URL is a name that is not of public addresses alone', async () => {
    for (const host of Object.keys(names)) {
      const provider = createProvider(accountAt(host, false), 'k-1234', { lookup: dns.lookup });
      const submitted = await provider.submit(request);
      expect(submitted, host).toMatchObject({ kind: 'not_sent', reason: 'address_not_public' });
      const status = await provider.status(['1']);
      const evidence = { transportError: 'address_not_public' };
      expect(status, host).toMatchObject({ kind: 'failed', failure: 'transient', evidence });
      const balance = await provider.balance();
      expect(balance.kind).toBe(adapter === 'tasks-v1' ? 'failed' : 'not_offered');
      const locator =
        adapter === 'webcom'
          ? ({ kind: 'hash', hash: 'a1' } as const)
          : ({ kind: 'url', url: `https://${host}:${port}/f` } as const);
      const file = await provider.download(locator, nothing);
      expect(file, host).toMatchObject({ kind: 'forbidden_url', reason: 'address_not_public' });
      await provider.close();
    }
    expect(await connectionsTaken()).toBe(0);
  });

  test('opens nothing to where a cloud keeps its credentials, even where the account may reach private addresses', async () => {
    const provider = createProvider(accountAt('metadata.test', true), 'k-1234', {
      lookup: dns.lookup,
    });
    const submitted = await provider.submit(request);
    expect(submitted).toMatchObject({ kind: 'not_sent', reason: 'address_not_public' });
    await provider.close();
    expect(await connectionsTaken()).toBe(0);
  });

  test('reaches a private address where its own base URL is that address, and fetches nothing from there that is given', async () => {
    const baseUrl = `http://127.0.0.1:${port}`;
    const account = testAccount({
      adapter,
      baseUrl,
      allowInsecure: false,
      upload_deadline_ms: 5_000,
    });
    const provider = createProvider(account, 'k-1234');
    expect(await provider.submit(request)).toMatchObject({ kind: 'unknown' });
    expect(connections).toBe(1);
    if (adapter !== 'webcom') {
      const given = { kind: 'url', url: `https://127.0.0.1:${port}/f` } as const;
      expect(await provider.download(given, nothing)).toMatchObject({ kind: 'forbidden_url' });
    }
    await provider.close();
    expect(connections).toBe(1);
  });
});
