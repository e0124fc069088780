import { createServer, type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FetchPolicy, safeFetch } from './safe-fetch.ts';

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
  policy = { allowedHosts: [host], allowInsecure: true, maxBytes: 100, deadline_ms: 5_000 };
});
afterAll(() => void server.close());

async function fetchVia(redirects: number) {
  seen.length = 0;
  const chunks: Uint8Array[] = [];
  const first = { url: `${origin}/${redirects}`, headers: { 'x-api-key': 'k' }, isOwnHost: true };
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
  const first = { url: `${origin}/0`, headers: {}, isOwnHost: true };
  await safeFetch(first, policy, async () => {
    writing += 1;
    most = Math.max(most, writing);
    await new Promise(setImmediate);
    writing -= 1;
  });
  expect(most).toBe(1);
});
