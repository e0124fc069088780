import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeCertificate } from './certificate-for-tests.ts';
import { createProvider } from './create-provider.ts';
import { openTinyDns, type TinyDns } from './dns-for-tests.ts';
import { type Fetched, type FetchPolicy, safeFetch } from './safe-fetch.ts';
import { testAccount } from './wire.ts';

const seen: { url: string; headers: IncomingHttpHeaders }[] = [];
const server = createServer(({ url = '', headers }, response) => {
  seen.push({ url, headers });
  const left = Number(url.slice(1));
  if (left > 0) response.writeHead(302, { location: `/${left - 1}` }).end();
  else response.end('file');
});
let origin = '';
let policy: FetchPolicy;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  origin = `http://${host}`;
  policy = {
    allowedHosts: [host],
    allowHttp: true,
    mayReach: () => true,
    maxBytes: 100,
    deadline_ms: 5_000,
  };
});
afterAll(() => void server.close());

async function fetchVia(redirects: number) {
  seen.length = 0;
  const chunks: Uint8Array[] = [];
  const first = { url: `${origin}/${redirects}`, headers: { 'x-api-key': 'k' }, own: () => true };
  const fetched = await safeFetch(first, policy, async (bytes) => void chunks.push(bytes));
  return { fetched, text: Buffer.concat(chunks).toString() };
}

test('three redirects are followed, and none sees the key', async () => {
  const { fetched, text } = await fetchVia(3);
  expect(fetched).toMatchObject({ kind: 'fetched', byteCount: 4 });
  expect(text).toBe('file');
  expect(seen.map(({ headers }) => headers['x-api-key'])).toEqual([
    'k',
    undefined,
    undefined,
    undefined,
  ]);
});

test('a fourth is not', async () => {
  const { fetched } = await fetchVia(20);
  expect(fetched).toMatchObject({ kind: 'forbidden', reason: 'too_many_redirects' });
  expect(seen).toHaveLength(4);
});

test('the next bytes are not read before the writer has taken the last', async () => {
  let writing = 0;
  let most = 0;
  const first = { url: `${origin}/0`, headers: {}, own: () => true };
  await safeFetch(first, policy, async () => {
    writing += 1;
    most = Math.max(most, writing);
    await new Promise(setImmediate);
    writing -= 1;
  });
  expect(most).toBe(1);
});

const certificate = makeCertificate(['files.example.test', 'other.example.test']);

describe('from a server over TLS', () => {
  interface Heard {
    readonly host: string | undefined;
    readonly headers: IncomingHttpHeaders;
  }
  const heard: Heard[] = [];
  let location = '';
  const tlsServer = createTlsServer(
    { cert: certificate.cert, key: certificate.key },
    ({ url = '', headers }, response) => {
      heard.push({ host: headers.host, headers });
      const leads = url.startsWith('/leads') || url.startsWith('/api/checking/get-file/');
      if (leads) response.writeHead(302, { location }).end();
      else response.end('file');
    },
  );
  let port = 0;
  let dns: TinyDns;
  /** Addresses of `changing.example.test`, look-up by look-up. */
  let changing: readonly string[] = [];
  const usualAuthorities = getCACertificates('default');

  beforeAll(async () => {
    setDefaultCACertificates([...usualAuthorities, certificate.authority]);
    await once(tlsServer.listen(0, '127.0.0.1'), 'listening');
    port = (tlsServer.address() as AddressInfo).port;
    dns = await openTinyDns((name, time) =>
      name === 'changing.example.test'
        ? [changing[Math.min(time, changing.length - 1)] ?? '127.0.0.1']
        : ['127.0.0.1'],
    );
  });
  beforeEach(() => {
    heard.length = 0;
  });
  afterAll(async () => {
    setDefaultCACertificates(usualAuthorities);
    tlsServer.close();
    tlsServer.closeAllConnections();
    await dns.close();
  });

  /** Takes this machine for a public one: addresses are another test's. */
  const tlsPolicy = (): FetchPolicy => ({
    allowedHosts: [`files.example.test:${port}`, `other.example.test:${port}`, `127.0.0.1:${port}`],
    allowHttp: false,
    mayReach: () => true,
    lookup: dns.lookup,
    maxBytes: 100,
    deadline_ms: 5_000,
  });
  const fetchFrom = (path: string, more: Partial<FetchPolicy> = {}): Promise<Fetched> => {
    const first = { url: `https://files.example.test:${port}${path}`, headers: {}, own: null };
    return safeFetch(first, { ...tlsPolicy(), ...more }, async () => {});
  };

  test('a redirect to another host that is listed is followed', async () => {
    location = `https://other.example.test:${port}/file`;
    expect(await fetchFrom('/leads')).toMatchObject({ kind: 'fetched', byteCount: 4 });
    expect(heard.map(({ host }) => host)).toEqual([
      `files.example.test:${port}`,
      `other.example.test:${port}`,
    ]);
  });

  const notFollowed: readonly (readonly [string, () => string, string])[] = [
    ['plain http', () => `http://files.example.test:${port}/file`, 'scheme_not_allowed'],
    ['a host that is not listed', () => `https://x.example.test:${port}/f`, 'host_not_allowed'],
    ['another port of the host', () => 'https://files.example.test:6379/f', 'host_not_allowed'],
    ['a file', () => 'file:///etc/passwd', 'scheme_not_allowed'],
    ['a user', () => `https://a:b@files.example.test:${port}/f`, 'credentials_in_url'],
    [
      'a name with our address as its user',
      () => 'https://ok.example@127.0.0.1/',
      'credentials_in_url',
    ],
    ['no URL', () => 'https://[', 'not_a_url'],
    ['8 KB', () => `/${'a'.repeat(8_192)}`, 'url_too_long'],
  ];
  test.for(notFollowed)('a redirect to %s is not', async ([, place, reason]) => {
    location = place();
    expect(await fetchFrom('/leads')).toMatchObject({ kind: 'forbidden', reason });
    expect(heard).toHaveLength(1);
  });

  test('a redirect to plain http is not followed where plain http may be fetched, either', async () => {
    location = `http://files.example.test:${port}/file`;
    const fetched = await fetchFrom('/leads', { allowHttp: true });
    expect(fetched).toMatchObject({ kind: 'forbidden', reason: 'redirected_to_http' });
    expect(heard).toHaveLength(1);
  });

  test('a server whose certificate is of another name is not spoken to', async () => {
    const first = { url: `https://127.0.0.1:${port}/file`, headers: {}, own: null };
    const fetched = await safeFetch(first, tlsPolicy(), async () => {});
    expect(fetched).toMatchObject({
      kind: 'lost',
      transportError: 'ERR_TLS_CERT_ALTNAME_INVALID',
      headersSent: false,
    });
    expect(heard).toEqual([]);
  });

  test('fault 26: a name that moves to a private address is connected to where it was judged, and not again', async () => {
    // 127.0.0.1 plays the public address here, and 127.0.0.2 the private one.
    changing = ['127.0.0.1', '127.0.0.2'];
    const lenient = {
      allowedHosts: [`changing.example.test:${port}`],
      mayReach: (address: string) => address === '127.0.0.1',
      allowHttp: true,
    };
    const plain = createServer((_, response) => response.end('file')).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const at = (plain.address() as AddressInfo).port;
    const first = { url: `http://changing.example.test:${at}/file`, headers: {}, own: null };
    const hosts = { allowedHosts: [`changing.example.test:${at}`] };
    const before = dns.asked.length;
    const fetchIt = () =>
      safeFetch(first, { ...tlsPolicy(), ...lenient, ...hosts }, async () => {});
    expect(await fetchIt()).toMatchObject({ kind: 'fetched' });
    expect(dns.asked.slice(before)).toEqual([
      'A changing.example.test',
      'AAAA changing.example.test',
    ]);
    expect(await fetchIt()).toMatchObject({ kind: 'forbidden', reason: 'address_not_public' });
    plain.close();
  });

  test("an account's key goes to its own host and to no other that it redirects to", async () => {
    location = `https://other.example.test:${port}/file`;
    const account = testAccount({
      adapter: 'webcom',
      baseUrl: `https://files.example.test:${port}`,
      resultHosts: [`other.example.test:${port}`],
    });
    const provider = createProvider(account, 'key-of-ours', { lookup: dns.lookup });
    const answer = await provider.download({ kind: 'hash', hash: 'a1' }, async () => {});
    await provider.close();
    expect(answer).toMatchObject({ kind: 'downloaded', byteCount: 4 });
    expect(heard.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer key-of-ours',
      undefined,
    ]);
    expect(JSON.stringify(heard[1])).not.toContain('key-of-ours');
  });

  test.for(['tasks-v1', 'simple-tasks', 'webcom'] as const)(
    'no call of %s follows a redirect: an upload is unknown, a question has failed, and nobody else hears the key',
    async (adapter) => {
      location = `https://other.example.test:${port}/file`;
      const baseUrl = `https://files.example.test:${port}/leads`;
      const provider = createProvider(testAccount({ adapter, baseUrl }), 'key-of-ours', {
        lookup: dns.lookup,
      });
      const numbers = Float64Array.of(12_025_550_100);
      const request = { taskType: 'tg', numbers, reference: 'att_1', stillMine: () => true };
      expect(await provider.submit(request)).toMatchObject({
        kind: 'unknown',
        reason: 'status_not_listed_as_free',
      });
      expect(await provider.status(['1'])).toMatchObject({ kind: 'failed', failure: 'transient' });
      await provider.balance();
      await provider.close();
      expect(new Set(heard.map(({ host }) => host))).toEqual(
        new Set([`files.example.test:${port}`]),
      );
    },
  );
});
