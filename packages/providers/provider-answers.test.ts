import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AdapterName } from '@rollcall/domain';
import { afterEach, describe, expect, test } from 'vitest';
import { createProvider } from './create-provider.ts';
import { type FixtureWire, openFixtureWire } from './fixture-wire.ts';
import type { Provider } from './provider.ts';

// What a provider may answer, by mistake or by malice, and what is made of it, row by row. A task id that we already have is the database's
// to find: packages/db/sql/settle-submit.test.ts, apps/worker/stages/submit.test.ts.

const adapters = ['tasks-v1', 'simple-tasks', 'webcom'] as const;
const taskId = '5980';
const signed = 'https://files.example.test/a.zip?X-Amz-Signature=0a1b2c3d';
let wire: FixtureWire;
let provider: Provider;

async function open(adapter: AdapterName): Promise<void> {
  wire = await openFixtureWire(adapter);
  provider = createProvider(wire.account, wire.key);
}

afterEach(async () => {
  await provider.close();
  await wire.close();
});

const bend = (operation: 'create' | 'status', text: string) =>
  wire.bend(operation, { kind: 'answer', status: 200, text, content_type: 'application/json' });

const submit = () =>
  provider.submit({
    taskType: 'tg',
    numbers: Float64Array.of(12_025_550_100),
    reference: 'att_1',
    stillMine: () => true,
  });

/** A creation's answer that is good but for its id, which comes as JSON text. */
function created(adapter: AdapterName, id: string): string {
  return adapter === 'webcom'
    ? `{"success":true,"data":{"id":${id},"status":"new","total_phones":1}}`
    : `{"task_id":${id},"status":"pending","total":1}`;
}

/** A status with these members besides the id, over one that is good. */
function told(adapter: AdapterName, members: object): string {
  if (adapter === 'webcom') {
    const good = { id: Number(taskId), status: 'complete', total_phones: 1, filtered_phones: 1 };
    return JSON.stringify({ success: true, data: [{ ...good, hash: 'a1', ...members }] });
  }
  const good = { task_id: taskId, status: 'exported', total: 1, success: 1, failure: 0 };
  return JSON.stringify({ ...good, result_url: signed, ...members });
}

async function statusOf(adapter: AdapterName, members: object) {
  await bend('status', told(adapter, members));
  const answer = await provider.status([taskId]);
  return answer.kind === 'answered' ? answer.tasks.get(taskId) : answer;
}

describe.for(adapters)('%s: a task id', (adapter) => {
  const rows: readonly [string, string, 'accepted' | 'no_task_id'][] = [
    // webcom's page says that its ids are integers, and takes no other kind of number.
    ['that is a number', '5980', adapter === 'webcom' ? 'accepted' : 'no_task_id'],
    ['that is a number below one', '-5980', 'no_task_id'],
    ['that is a fraction', '5980.5', 'no_task_id'],
    ['that is a number beyond what is exact', '90071992547409931', 'no_task_id'],
    ['that is text', '"d4g8o46p2jvh04o9uolg"', 'accepted'],
    ['of 300 characters', `"${'a'.repeat(300)}"`, 'no_task_id'],
    ['with a path in it', '"a/../b"', 'no_task_id'],
    ['that is a path', '"/../"', 'no_task_id'],
    ['that climbs', '".."', 'no_task_id'],
    ['with a query in it', '"a?b=c"', 'no_task_id'],
    ['with an escape in it', '"a%2fb"', 'no_task_id'],
    ['with a line end in it', '"a\\r\\nx: y"', 'no_task_id'],
    ['with NUL in it', '"a\\u0000"', 'no_task_id'],
    ['with letters that only look so', '"аbс"', 'no_task_id'],
    ['that is empty', '""', 'no_task_id'],
    ['that is null', 'null', 'no_task_id'],
    ['that is true', 'true', 'no_task_id'],
    ['that is an object', '{"id":"a"}', 'no_task_id'],
    ['that is a list', '["a"]', 'no_task_id'],
  ];
  test.for(rows)('%s', async ([, id, expected]) => {
    await open(adapter);
    await bend('create', created(adapter, id));
    const answer = await submit();
    // In doubt it was paid for, so it is held, and its bytes are kept.
    const inDoubt = { kind: 'unknown', reason: 'no_task_id' };
    expect(answer).toMatchObject(expected === 'accepted' ? { kind: 'accepted' } : inDoubt);
    expect(answer.evidence.rawBody === null).toBe(expected === 'accepted');
  });

  test('without a status beside it', async () => {
    await open(adapter);
    const id = { id: 5980 };
    await bend(
      'create',
      JSON.stringify(adapter === 'webcom' ? { success: true, data: id } : { task_id: 'a1' }),
    );
    // webcom's id alone proves the task, and it is polled; the tasks contract requires both.
    const expected =
      adapter === 'webcom'
        ? { kind: 'accepted', taskId: '5980', status: null }
        : { kind: 'unknown', reason: 'unreadable_answer' };
    expect(await submit()).toMatchObject(expected);
  });
});

describe.for(adapters)('%s: a status', (adapter) => {
  test.for([
    ['without its word', { status: undefined }],
    ['whose word is empty', { status: '' }],
    ['whose word is a number', { status: 5 }],
    ['whose word is null', { status: null }],
  ] as const)('%s says nothing: it is asked again', async ([, members]) => {
    await open(adapter);
    const task = await statusOf(adapter, members);
    // webcom answers many at once: one that cannot be read is left out.
    if (adapter === 'webcom') expect(task).toBeUndefined();
    else expect(task).toMatchObject({ kind: 'failed', failure: 'unreadable_answer' });
  });

  test('with counters below zero, fractions, texts and what is too large counts nothing', async () => {
    await open(adapter);
    for (const odd of [-1, -1e16, 1.5, '12', null, 1e300, {}, [1]]) {
      const all = {
        total: odd,
        success: odd,
        failure: odd,
        total_phones: odd,
        filtered_phones: odd,
      };
      const nothing = { total: null, success: null, failure: null, filtered: null };
      expect(await statusOf(adapter, all), JSON.stringify(odd)).toMatchObject({
        phase: 'ready',
        ...nothing,
      });
    }
  });

  test.for(['1970-01-01T00:00:00Z', '2099-12-31T23:59:59Z', '-000001-01-01', 'never', 0, -1, null])(
    'dated %j is the same as one of today: no date of theirs is believed',
    async (date) => {
      await open(adapter);
      const plain = await statusOf(adapter, {});
      const dated = { created_at: date, updated_at: date, expires_at: date, deadline: date };
      expect(await statusOf(adapter, dated)).toEqual(plain);
    },
  );
});

describe.for(['tasks-v1', 'simple-tasks'] as const)('%s: a result URL', (adapter) => {
  test.for([
    ['that is not text', { url: signed }, 'not read'],
    ['with a space', `${signed} x`, 'not read'],
    ['with a line end', `${signed}\r\nhost: x`, 'not read'],
    ['of 8 KB and one character', signed.padEnd(8_193, 'a'), 'not read'],
    ['that is empty', '', 'not read'],
    ['of a file', 'file:///etc/passwd', 'scheme_not_allowed'],
    ['over plain http', 'http://127.0.0.1/f', 'scheme_not_allowed'],
    ['with a user', 'https://ok.example@127.0.0.1/', 'credentials_in_url'],
    ['of loopback as a number', 'https://2130706433/f', 'host_not_allowed'],
    ['of loopback, shortened', 'https://127.1/f', 'host_not_allowed'],
    ['of loopback in IPv6', 'https://[::1]/f', 'host_not_allowed'],
    ['of loopback mapped', 'https://[::ffff:7f00:1]/f', 'host_not_allowed'],
    ['of cloud metadata', 'https://169.254.169.254/latest', 'host_not_allowed'],
    ['of no address', 'https://0.0.0.0/f', 'host_not_allowed'],
    ["of a listed host at Redis' port", 'https://files.example.test:6379/f', 'host_not_allowed'],
    ['of a host that is not listed', 'https://evil.example.test/f', 'host_not_allowed'],
    ['of a host below a listed one', 'https://a.files.example.test/f', 'host_not_allowed'],
    ['of a host that ends alike', 'https://evilfiles.example.test/f', 'host_not_allowed'],
    ['that is a path alone', '/f', 'not_a_url'],
  ] as const)('%s', async ([, url, expected]) => {
    await open(adapter);
    const task = await statusOf(adapter, { result_url: url });
    if (expected === 'not read') {
      // Polled on until its deadline, and then held: nothing is fetched from half an address.
      expect(task).toMatchObject({ phase: 'ready_pending', locator: null });
      return;
    }
    expect(task).toMatchObject({ phase: 'ready', locator: { kind: 'url', url } });
    const account = { ...wire.account, allowInsecure: false, resultHosts: ['files.example.test'] };
    const strict = createProvider(account, wire.key);
    const answer = await strict.download({ kind: 'url', url }, async () => {});
    await strict.close();
    expect(answer).toMatchObject({ kind: 'forbidden_url', reason: expected });
    expect(JSON.stringify(answer)).not.toContain(url);
  });

  test('is in nothing that is kept of the answer that gave it, nor of the download', async () => {
    await open(adapter);
    await bend('status', told(adapter, {}));
    const status = await provider.status([taskId]);
    expect(JSON.stringify(status.evidence)).not.toContain('0a1b2c3d');
    // A host that refuses and repeats what it was asked for, as S3 does.
    const echoing = createServer((socket) => {
      socket
        .on('error', () => {})
        .once('data', (head) => {
          const text = `${head.toString()}<SignatureProvided>8c9d/0e1f</SignatureProvided>`;
          socket.end(`HTTP/1.1 400 Bad\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
        });
    }).listen(0, '127.0.0.1');
    await once(echoing, 'listening');
    const address = echoing.address();
    const host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    const observed: unknown[] = [];
    const watched = createProvider({ ...wire.account, resultHosts: [host] }, wire.key, {
      onRequest: (request) => void observed.push(request),
    });
    const url = `http://${host}/a.zip?X-Amz-Signature=0a1b2c3d&token=4e5f6a7b&Signature=8c9d%2F0e1f`;
    const answer = await watched.download({ kind: 'url', url }, async () => {});
    await watched.close();
    echoing.close();
    expect(answer.evidence.bodyExcerpt).toContain('/a.zip?');
    const kept = JSON.stringify([
      answer,
      observed,
      Buffer.from(answer.evidence.rawBody ?? []).toString(),
    ]);
    expect(kept).not.toMatch(/0a1b2c3d|4e5f6a7b|8c9d/);
  });
});
