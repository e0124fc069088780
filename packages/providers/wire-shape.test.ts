import type { Account, AdapterName } from '@rollcall/domain';
import { afterEach, expect, test } from 'vitest';
import { createProvider } from './create-provider.ts';
import { type FixtureWire, openFixtureWire } from './fixture-wire.ts';
import type { ObservedRequest, Provider } from './provider.ts';

const reference = 'att_0190b6a8-5e0a-7cc2-9d4e-7a3f0c1b2d3e';
const numbers = Float64Array.of(12_025_550_123, 441_632_960_001);
const observed: ObservedRequest[] = [];
let wire: FixtureWire;
let provider: Provider;

async function open(adapter: AdapterName, overrides: Partial<Account> = {}): Promise<void> {
  observed.length = 0;
  wire = await openFixtureWire(adapter);
  const onRequest = (request: ObservedRequest) => void observed.push(request);
  provider = createProvider({ ...wire.account, ...overrides }, wire.key, { onRequest });
}

afterEach(async () => {
  await provider.close();
  await wire.close();
});

/** The parts of a multipart body, by name, in their order. */
function partsOf({ headers, body }: FixtureWire['seen'][number]): [string, string][] {
  const boundary = /boundary=(\S+)/.exec(headers['content-type'] ?? '')?.[1] ?? '';
  return body
    .toString()
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => {
      const [head = '', content = ''] = part.split('\r\n\r\n');
      return [/name="(\w+)"/.exec(head)?.[1] ?? '', content.replace(/\r\n$/, '')];
    });
}

test('tasks-v1 uploads the parts of the page under its key, with a known length', async () => {
  await open('tasks-v1');
  await provider.submit({ taskType: 'coinW', numbers, reference, stillMine: () => true });
  const [upload] = wire.seen;
  expect(upload).toMatchObject({
    method: 'POST',
    url: '/v1/tasks',
    headers: { 'x-api-key': wire.key, connection: 'close' },
  });
  expect(upload?.headers['content-length']).toBe(String(upload?.body.length));
  expect(partsOf(upload!)).toEqual([
    ['file', '+12025550123\n+441632960001\n'],
    ['task_type', 'coinW'],
  ]);
});

test.for(['tasks-v1', 'simple-tasks', 'webcom'] as const)(
  '%s asks for every answer as it is, because a compressed one could not be read',
  async (adapter) => {
    await open(adapter);
    await provider.submit({ taskType: 'tg', numbers, reference, stillMine: () => true });
    await provider.status(['5980']);
    await provider.balance();
    expect(wire.seen.length).toBeGreaterThan(1);
    for (const { headers } of wire.seen) expect(headers['accept-encoding']).toBe('identity');
  },
);

test('tasks-v1 asks for one task by a part of its id', async () => {
  await open('tasks-v1');
  await provider.status(['d4g24nep2jvh04o9uoh0']);
  const [asked] = wire.seen;
  expect(asked).toMatchObject({ method: 'POST', url: '/v1/gettasks' });
  expect(partsOf(asked!)).toEqual([['task_id', 'd4g24nep2jvh04o9uoh0']]);
});

test('tasks-v1 fetches a result without the key of the account', async () => {
  await open('tasks-v1');
  const url = `http://${wire.account.resultHosts[0]}/externalcheck/a/a.zip?X-Amz-Signature=s`;
  const answer = await provider.download({ kind: 'url', url }, async () => {});
  expect(answer.kind).toBe('downloaded');
  const { headers, url: path } = wire.seen[0]!;
  expect(path).toBe('/externalcheck/a/a.zip?X-Amz-Signature=s');
  expect(JSON.stringify(headers)).not.toContain(wire.key);
  expect(headers['authorization']).toBeUndefined();
});

test('tasks-v1 reads its balance as a decimal', async () => {
  await open('tasks-v1');
  expect(await provider.balance()).toMatchObject({ kind: 'balance', amount: '0.0000005' });
  expect(wire.seen[0]).toMatchObject({ method: 'GET', url: '/v1/balance' });
});

test('simple-tasks has its service in the path and no task type', async () => {
  await open('simple-tasks');
  await provider.submit({ taskType: 'facebook', numbers, reference, stillMine: () => true });
  await provider.status(['cs9viu7i61pkfs4oavvg']);
  expect(wire.seen[0]).toMatchObject({ method: 'POST', url: '/fb/api/simple/tasks' });
  expect(partsOf(wire.seen[0]!)).toEqual([['file', '+12025550123\n+441632960001\n']]);
  expect(wire.seen[1]).toMatchObject({
    method: 'GET',
    url: '/fb/api/simple/tasks/cs9viu7i61pkfs4oavvg',
  });
});

test('simple-tasks sends a user id where the account has one', async () => {
  await open('simple-tasks', { userId: 'u 1' });
  await provider.submit({ taskType: 'facebook', numbers, reference, stillMine: () => true });
  await provider.status(['cs9viu7i61pkfs4oavvg']);
  expect(partsOf(wire.seen[0]!)[0]).toEqual(['user_id', 'u 1']);
  expect(wire.seen[1]?.url).toBe('/fb/api/simple/tasks/cs9viu7i61pkfs4oavvg?user_id=u%201');
});

test("webcom uploads as its page's sample does, with our attempt as the name", async () => {
  await open('webcom');
  await provider.submit({ taskType: 'WA_cheking', numbers, reference, stillMine: () => true });
  const [upload] = wire.seen;
  expect(upload).toMatchObject({
    method: 'POST',
    url: '/api/checking/create',
    headers: { authorization: `Bearer ${wire.key}` },
  });
  expect(partsOf(upload!)).toEqual([
    ['name', reference],
    ['type', 'WA_cheking'],
    ['phones', ''],
    ['phones_file', '+12025550123\n+441632960001\n'],
  ]);
});

test('webcom asks for many tasks in one urlencoded call', async () => {
  await open('webcom');
  expect(provider.statusBatchSize).toBeGreaterThan(1);
  await provider.status(['5980']);
  await provider.status(['5980', '5981', 'x-1']);
  expect(wire.seen[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded');
  expect(wire.seen[0]?.body.toString()).toBe('ids=%5B5980%5D');
  expect(decodeURIComponent(wire.seen[1]!.body.toString())).toBe('ids=[5980,5981,"x-1"]');
});

test('webcom fetches a file by its hash, encoded, with its key, from its own host', async () => {
  await open('webcom');
  const answer = await provider.download({ kind: 'hash', hash: 'a/b?c#d..' }, async () => {});
  expect(answer.kind).toBe('downloaded');
  expect(wire.seen[0]).toMatchObject({
    url: '/api/checking/get-file/a%2Fb%3Fc%23d..',
    headers: { authorization: `Bearer ${wire.key}` },
  });
});

test.for(['.', '..'])(
  'webcom refuses the hash %s, which would climb out of the path',
  async (hash) => {
    await open('webcom');
    const answer = await provider.download({ kind: 'hash', hash }, async () => {});
    expect(answer.kind).toBe('forbidden_url');
    expect(wire.seen).toHaveLength(0);
  },
);

test('each exchange is observed once, by its account, without its address', async () => {
  await open('tasks-v1');
  await provider.submit({ taskType: 'tg', numbers, reference, stillMine: () => true });
  await provider.status(['d4g24nep2jvh04o9uoh0']);
  expect(observed).toMatchObject([
    { accountId: 'test-tasks-v1', operation: 'submit', httpStatus: 200, transportError: null },
    { accountId: 'test-tasks-v1', operation: 'status', httpStatus: 200, transportError: null },
  ]);
});

test('a hook that throws does not lose an answer', async () => {
  await open('tasks-v1');
  const broken = createProvider(wire.account, wire.key, {
    onRequest() {
      throw new Error('metrics are down');
    },
  });
  const warned = new Promise((resolve) => process.once('warning', resolve));
  const answer = await broken.submit({ taskType: 'tg', numbers, reference, stillMine: () => true });
  expect(answer.kind).toBe('accepted');
  expect(String(await warned)).toContain('metrics are down');
  await broken.close();
});

test.for(['', 'a b', 'a\nb', 'ключ'])('the key %j is refused at once, unnamed', async (key) => {
  await open('tasks-v1');
  expect(() => createProvider(wire.account, key)).toThrow(/^the key of account test-tasks-v1/);
});
