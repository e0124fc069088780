/**
 * What every adapter must do, on any wire: run on fixture servers, which answer in the bodies of the seed pages, and on
 * the simulator, which was written from the same pages by somebody else. What differs by adapter is in the tables of
 * `cases/`. One file, over 300 lines: it is the list of what an adapter owes, read from top to bottom.
 */
import { createServer } from 'node:net';
import {
  type AdapterName,
  type Evidence,
  refusesKeysForFree,
  type ResultLocator,
  type SubmitAnswer,
} from '@rollcall/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConformanceCases } from './cases/case.ts';
import { createProvider } from './create-provider.ts';
import { contentTypeOf, readFixture } from './fixture-wire.ts';
import type { Provider } from './provider.ts';
import type { Wire } from './wire.ts';

/** 120: above every minimum that the simulator keeps for the task types below. */
const numbers = Float64Array.from({ length: 120 }, (_, index) => 12_025_550_100 + index);
const taskTypes: Readonly<Record<AdapterName, string>> = {
  'tasks-v1': 'tg',
  'simple-tasks': 'facebook',
  webcom: 'WA_cheking',
};
const request = {
  numbers,
  reference: 'att_0190b6a8-5e0a-7cc2-9d4e-7a3f0c1b2d3e',
  stillMine: () => true,
};

export function describeConformance(
  adapter: AdapterName,
  cases: ConformanceCases,
  openWire: (adapter: AdapterName) => Promise<Wire>,
): void {
  let wire: Wire;
  let provider: Provider;
  const open: Provider[] = [];
  const providerWith = (overrides: Partial<Wire['account']>, key = wire.key): Provider => {
    const made = createProvider({ ...wire.account, ...overrides }, key);
    open.push(made);
    return made;
  };
  const submit = (to = provider, signal?: AbortSignal): Promise<SubmitAnswer> =>
    to.submit({ ...request, taskType: taskTypes[adapter] }, signal);
  const answered = (
    httpStatus: number,
    fixture: string | null,
    headers: Readonly<Record<string, string>> = {},
  ) =>
    ({
      kind: 'answer',
      status: httpStatus,
      text: fixture === null ? '' : readFixture(adapter, fixture).replaceAll('<key>', wire.key),
      content_type: contentTypeOf(fixture),
      headers,
    }) as const;
  /** Submits a chunk and polls until its result can be fetched. */
  const readyLocator = async (): Promise<ResultLocator> => {
    const accepted = await submit();
    if (accepted.kind !== 'accepted') throw new Error(`not accepted: ${accepted.kind}`);
    for (let polls = 0; polls < 10; polls += 1) {
      const status = await provider.status([accepted.taskId]);
      const task = status.kind === 'answered' ? status.tasks.get(accepted.taskId) : null;
      if (task?.phase === 'ready' && task.locator !== null) return task.locator;
    }
    throw new Error('no result after 10 polls');
  };
  const download = async (from: Provider, locator: ResultLocator) => {
    const chunks: Uint8Array[] = [];
    const answer = await from.download(locator, async (bytes) => void chunks.push(bytes));
    return { answer, bytes: Buffer.concat(chunks) };
  };

  /** The excerpt is read by people and logs; the bytes are kept as they came, but for our key. */
  const expectNothingSecret = (evidence: Evidence, message: string | null = null) => {
    const excerpt = `${evidence.bodyExcerpt} ${message}`;
    expect(excerpt).not.toMatch(/12025550123|202\) 555|7911 123|\u001b/);
    expect(excerpt).not.toContain(wire.key);
    expect(Buffer.from(evidence.rawBody ?? []).toString('latin1')).not.toContain(wire.key);
  };

  beforeAll(async () => {
    wire = await openWire(adapter);
    provider = providerWith({});
  });
  afterAll(async () => {
    await Promise.all(open.map((one) => one.close()));
    await wire.close();
  });

  test('a chunk is accepted, polled until it is ready, and its result downloaded', async () => {
    const { answer, bytes } = await download(provider, await readyLocator());
    expect(answer).toMatchObject({ kind: 'downloaded', byteCount: bytes.length });
    expect(bytes.length).toBeGreaterThan(0);
    expect(answer).toHaveProperty('evidence.httpStatus', 200);
  });

  describe('a creation answered with', () => {
    test.for(cases.submit)('$name', async ({ httpStatus, fixture, headers, expected }) => {
      await wire.bend('create', answered(httpStatus, fixture, headers));
      const before = await wire.count('create');
      const answer = await submit();
      expect(answer).toMatchObject({ ...expected, evidence: { httpStatus, headersSent: true } });
      expect(await wire.count('create')).toBe(before + 1);
      const message = answer.kind === 'refused_free' ? answer.message : null;
      expectNothingSecret(answer.evidence, message);
      // The bytes are there for a person wherever an answer was not understood.
      const isKept = answer.evidence.rawBody !== null;
      expect(isKept).toBe(answer.kind === 'unknown' && fixture !== null);
    });
  });

  describe('an upload', () => {
    test.for([
      ['reset before its body was read', { kind: 'reset_before_body' }, 'connection_lost'],
      ['reset after its body was read', { kind: 'reset' }, 'connection_lost'],
      ['whose 200 loses its body', { kind: 'reset_after_headers', status: 200 }, 'connection_lost'],
      ['whose 200 is cut', { kind: 'cut_body' }, 'connection_lost'],
    ] as const)('%s is unknown', async ([, bend, reason]) => {
      await wire.bend('create', bend);
      const before = await wire.count('create');
      expect(await submit()).toMatchObject({ kind: 'unknown', reason });
      expect(await wire.count('create')).toBe(before + 1);
    });

    test('that is never answered is unknown when its total deadline has passed', async () => {
      await wire.bend('create', { kind: 'never_answer' });
      const answer = await submit(providerWith({ upload_deadline_ms: 300 }));
      expect(answer).toMatchObject({ kind: 'unknown', reason: 'no_answer' });
      expect(answer.evidence).toMatchObject({
        transportError: 'total_deadline',
        headersSent: true,
      });
      expect(answer.evidence.duration_ms).toBeLessThan(2_000);
    });

    test('answered one byte at a time is over at its total deadline', async () => {
      await wire.bend('create', { kind: 'slow_body', bytes_per_second: 20 });
      const answer = await submit(providerWith({ upload_deadline_ms: 300 }));
      expect(answer).toMatchObject({ kind: 'unknown', reason: 'no_answer' });
    });

    test('whose answer never ends still gives its task id', async () => {
      await wire.bend('create', { kind: 'endless_body' });
      const answer = await submit();
      expect(answer.kind).toBe('accepted');
      expect(answer.evidence.transportError).toBe('answer_too_large');
    });

    test('that a stop interrupts is unknown once it was sent, and not sent before', async () => {
      await wire.bend('create', { kind: 'never_answer' });
      const before = await wire.count('create');
      const stop = new AbortController();
      const sent = submit(provider, stop.signal);
      await expect.poll(() => wire.count('create')).toBe(before + 1);
      stop.abort();
      expect(await sent).toMatchObject({ kind: 'unknown', reason: 'no_answer' });
      expect(await submit(provider, stop.signal)).toMatchObject({ kind: 'not_sent' });
      expect(await wire.count('create')).toBe(before + 1);
    });

    test('with a refused key is free where the domain says so', () => {
      const refused = cases.submit.filter(({ httpStatus }) => httpStatus === 401);
      expect(refused).not.toEqual([]);
      expect(refused.some(({ expected }) => expected.kind === 'refused_free')).toBe(
        refusesKeysForFree(adapter),
      );
    });

    test('refused while a million numbers still go out is free', async () => {
      const { httpStatus, fixture } = cases.free;
      await wire.bend('create', {
        ...answered(httpStatus, fixture),
        before_body: true,
        then_reset: true,
      });
      const many = Float64Array.from({ length: 1_000_000 }, (_, index) => 12_025_000_000 + index);
      const taskType = taskTypes[adapter];
      const answer = await provider.submit({ ...request, numbers: many, taskType });
      expect(answer).toMatchObject({ kind: 'refused_free', evidence: { httpStatus } });
    });

    test('reset while a million numbers still go out is unknown at once', async () => {
      await wire.bend('create', { kind: 'reset_before_body' });
      const many = Float64Array.from({ length: 1_000_000 }, (_, index) => 12_025_000_000 + index);
      const taskType = taskTypes[adapter];
      const answer = await provider.submit({ ...request, numbers: many, taskType });
      expect(answer).toMatchObject({ kind: 'unknown', reason: 'connection_lost' });
    });

    test('to a port that nobody listens on is not sent', async () => {
      const answer = await submit(providerWith({ baseUrl: await closedPort() }));
      expect(answer).toMatchObject({ kind: 'not_sent', reason: 'ECONNREFUSED' });
      expect(answer.evidence).toMatchObject({ headersSent: false, httpStatus: null });
    });

    test('to a name that does not resolve is not sent', async () => {
      const answer = await submit(providerWith({ baseUrl: 'http://no-such-host.invalid' }));
      expect(answer.kind).toBe('not_sent');
      expect(answer.evidence.transportError).toMatch(/^(ENOTFOUND|EAI_AGAIN|total_deadline)$/);
    });

    test('over TLS that never completes is not sent', async () => {
      const silent = createServer();
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      const address = silent.address();
      const port = typeof address === 'object' ? address?.port : null;
      const baseUrl = `https://127.0.0.1:${port}`;
      const answer = await submit(providerWith({ baseUrl, upload_deadline_ms: 300 }));
      silent.close();
      expect(answer).toMatchObject({ kind: 'not_sent', reason: 'total_deadline' });
    });

    test('over TLS to a server that speaks plain http is not sent', async () => {
      const answer = await submit(
        providerWith({ baseUrl: wire.account.baseUrl.replace('http:', 'https:') }),
      );
      expect(answer.kind).toBe('not_sent');
    });

    test('is judged by its own request when many run at once', async () => {
      const nowhere = providerWith({ baseUrl: await closedPort() });
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, index) => submit(index % 2 === 0 ? provider : nowhere)),
      );
      expect(answers.map(({ kind }) => kind)).toEqual(
        Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? 'accepted' : 'not_sent')),
      );
    });
  });

  describe('a status call answered with', () => {
    test.for(cases.status)('$name', async ({ httpStatus, fixture, headers, taskIds, expected }) => {
      await wire.bend('status', answered(httpStatus, fixture, headers));
      const answer = await provider.status(taskIds);
      expect(answer.evidence).toMatchObject({ operation: 'status', httpStatus });
      expectNothingSecret(answer.evidence);
      if (expected.kind !== 'answered') {
        expect(answer).toMatchObject(expected);
        return;
      }
      if (answer.kind !== 'answered') throw new Error(`expected an answer, got ${answer.kind}`);
      expect([...answer.tasks.keys()]).toEqual(Object.keys(expected.tasks));
      expect(Object.fromEntries(answer.tasks)).toMatchObject(expected.tasks);
    });
  });

  describe('a download', () => {
    test.for([
      ['403', 'expired'],
      ['404', 'expired'],
      ['410', 'expired'],
      ['500', 'failed'],
    ] as const)('answered with %s is %s', async ([status, kind]) => {
      const locator = await readyLocator();
      await wire.bend('file', answered(Number(status), 'proxy-page.html'));
      const { answer } = await download(provider, locator);
      // Webcom's files are behind its key: there 403 speaks of the key, not of the link.
      const isAboutKey = status === '403' && adapter === 'webcom';
      expect(answer).toMatchObject(isAboutKey ? { kind: 'failed', failure: 'auth' } : { kind });
    });

    test('refused with our key in the answer keeps the answer without the key', async () => {
      const locator = await readyLocator();
      await wire.bend('file', answered(500, 'error-rate-limited-echoes-key.json'));
      const { answer } = await download(provider, locator);
      expect(answer.evidence.rawBody).not.toBeNull();
      expectNothingSecret(answer.evidence);
    });

    test('shorter than its Content-Length is cut', async () => {
      const locator = await readyLocator();
      await wire.bend('file', { kind: 'cut_body' });
      const { answer } = await download(provider, locator);
      expect(answer).toMatchObject({ kind: 'failed', failure: 'cut' });
    });

    test('beyond the byte cap stops, whether it says its length or never ends', async () => {
      const locator = await readyLocator();
      const small = providerWith({ maxResultBytes: 10 });
      const { answer, bytes } = await download(small, locator);
      expect(answer).toMatchObject({ kind: 'too_large', limit_bytes: 10 });
      expect(bytes.length).toBeLessThanOrEqual(10);
      await wire.bend('file', { kind: 'endless_body' });
      const limit_bytes = 100_000;
      const { answer: endless } = await download(
        providerWith({ maxResultBytes: limit_bytes }),
        locator,
      );
      expect(endless).toMatchObject({ kind: 'too_large', limit_bytes });
    });

    test('of one byte at a time is over at its total deadline', async () => {
      const locator = await readyLocator();
      await wire.bend('file', { kind: 'slow_body', bytes_per_second: 20 });
      const { answer } = await download(providerWith({ download_deadline_ms: 300 }), locator);
      expect(answer).toMatchObject({ kind: 'failed', failure: 'cut' });
      expect(answer).toHaveProperty('evidence.transportError', 'total_deadline');
    });

    test('redirected to another host is refused without a connection', async () => {
      const locator = await readyLocator();
      const location = `${await closedPort()}/file`;
      await wire.bend('file', answered(302, null, { location }));
      const { answer } = await download(provider, locator);
      expect(answer).toMatchObject({ kind: 'forbidden_url', reason: 'host_not_allowed' });
    });

    test('hands on what its writer throws', async () => {
      const locator = await readyLocator();
      const broken = provider.download(locator, async () => {
        throw new Error('disk full');
      });
      await expect(broken).rejects.toThrow('disk full');
    });
  });
}

/** The URL of a port that was free a moment ago. */
async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : null;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
