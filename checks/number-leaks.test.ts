// P14: numbers that nobody else has, on a way through real processes that fails wherever it can, and a search for them in every place
// where none may be. Over 300 lines: the way is one story, told once for each queue.

import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, describe, expect, test } from 'vitest';
import { simulatedAccounts } from '../packages/config/index.ts';
import { createApiKey, type Database, migrate, openDatabase } from '../packages/db/index.ts';
import { disposableSettings, startEmbeddedPostgres } from '../packages/embedded/index.ts';
import { NumberFinder } from '../packages/telemetry/index.ts';
import {
  queuePrefix,
  startSimulator,
  testBackends,
  testRedisUrl,
  waitFor,
} from '../packages/testing/index.ts';
import { crawlDashboard } from './canary/browse.ts';
import { readRedis, readTable, readTables } from './canary/read-queue.ts';
import { startProcess } from './canary/running-process.ts';

const canary = (index: number) => String(447_911_177_000 + index);
const finder = new NumberFinder(
  Array.from({ length: 400 }, (_, index) => canary(index)),
  { binary: true },
);
/** The same number as people and programs write it. */
const spelled = (index: number) => {
  const digits = canary(index);
  const [code, area, line] = [digits.slice(0, 2), digits.slice(2, 6), digits.slice(6)];
  return `+${digits}, 0${area} ${line}, (0)${area}-${line.slice(0, 3)}-${line.slice(3)}, ${code}.${area}.${line}, %2B${digits}`;
};

const opened = new AsyncDisposableStack();
afterAll(() => opened.disposeAsync());

interface Place {
  readonly name: string;
  readonly bytes: Buffer;
}

/** What is asked of the API, and what it answers. */
function client(url: string, authorization: string) {
  const problems: string[] = [];
  const shown: string[] = [];
  return {
    problems,
    shown,
    async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: text }),
      });
      const answer = await response.text();
      const whole = [...response.headers, answer].join('\n');
      if (response.status >= 400) problems.push(whole);
      else shown.push(whole);
      return { status: response.status, text: answer };
    },
  };
}

/** Plays the whole way, and brings home what is in every place afterwards. */
async function play(
  backend: 'postgres' | 'redis',
): Promise<{ places: Place[]; data: Place[]; statuses: Record<string, number> }> {
  await using held = new AsyncDisposableStack();
  const postgres = await startEmbeddedPostgres({ settings: disposableSettings });
  held.defer(() => postgres.stop());
  await migrate(postgres.url);
  const db: Database = openDatabase({
    url: postgres.url,
    maxConnections: 3,
    applicationName: 'rollcall test',
    onIdleError: () => undefined,
  });
  held.defer(() => db.close());
  const collected: Buffer[] = [];
  const collector = createServer((request, response) => {
    void buffer(request).then((body) => {
      collected.push(body);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  held.defer(() => {
    collector.closeAllConnections();
    collector.close();
  });
  await once(collector, 'listening');
  const address = collector.address() as { readonly port: number };
  const simulator = await startSimulator();
  held.defer(() => simulator.stop());
  const folder = await mkdtemp(join(tmpdir(), 'number-leaks-'));
  held.defer(() => rm(folder, { recursive: true }));
  const { text, keys } = await simulatedAccounts({ ...simulator, chunkSize: 1_000 });
  await writeFile(join(folder, 'accounts.yaml'), text);
  const { key } = await createApiKey(db, {
    tenantId: 1,
    name: `of ${canary(0)}`,
    scopes: ['admin'],
  });
  const { key: weak } = await createApiKey(db, {
    tenantId: 1,
    name: 'weak',
    scopes: ['jobs:read'],
  });

  const prefix = queuePrefix();
  const environment = {
    DATABASE_URL: postgres.url,
    ...(backend === 'redis' && { REDIS_URL: testRedisUrl() }),
    ROLLCALL_QUEUE_PREFIX: prefix,
    ROLLCALL_ACCOUNTS_FILE: join(folder, 'accounts.yaml'),
    ROLLCALL_PORT: '0',
    ROLLCALL_METRICS_PORT: '0',
    ROLLCALL_LOG_LEVEL: 'trace',
    ROLLCALL_SUPPRESSION_SECRETS: 'test:a-secret-for-this-test-and-nothing-else',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${address.port}`,
    ...keys,
  };
  const api = startProcess('api', environment);
  held.defer(() => api.stop());
  const worker = startProcess('worker', environment);
  held.defer(() => worker.stop());
  const url = `http://127.0.0.1:${await api.port()}`;
  const workerUrl = `http://127.0.0.1:${await worker.port()}`;

  const statements = new Set<string>();
  const watching = setInterval(() => {
    db.query<{ query: string }>('SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid()')
      .then(({ rows }) => rows.forEach(({ query }) => statements.add(query)))
      .catch(() => undefined);
  }, 50);
  held.defer(() => clearInterval(watching));

  const { ask, problems, shown } = client(url, `Bearer ${key}`);
  const statuses: Record<string, number> = {};
  let next = 20;
  const numbers = (count: number) => Array.from({ length: count }, () => `+${canary(next++)}`);
  const enqueue = async (lines: readonly string[]) => {
    const options = new URLSearchParams({
      check: 'telegram',
      purpose: `calls to ${canary(1)}`,
      requested_by: `${canary(2)}@example.com`,
      name: spelled(3),
    });
    const path = `/v1/jobs?${options.toString()}`;
    const { text: answer } = await ask('POST', path, lines.join('\n'), {
      'content-type': 'text/plain',
    });
    return (JSON.parse(answer) as { readonly id: string }).id;
  };
  const fault = (operation: string, action: object) =>
    simulator.control('POST', 'faults', { match: { operation }, action });
  const chunkOf = async (jobId: string) =>
    (
      await db.query<{ id: string; state: string; polls: number }>(
        'SELECT c.id, c.state, c.polls FROM store.chunks c JOIN store.jobs j USING (job_no) WHERE j.id = $1',
        [jobId],
      )
    ).rows[0];
  const until = async (jobId: string, state: string) =>
    waitFor(
      async () => {
        const chunk = await chunkOf(jobId);
        return chunk?.state === state ? chunk.id : null;
      },
      { timeoutMs: 100_000, everyMs: 100, describe: `a chunk to be ${state}` },
    );

  // Rejected lines, and an answer that is no table but names numbers.
  await fault('create', {
    kind: 'file',
    edits: { instead_text: `<html>no result for ${spelled(4)}` },
    downloads: 2,
  });
  const doubted = await enqueue([
    ...numbers(30),
    `${canary(5)} ext. 12`,
    `"${canary(6)}`,
    `0${canary(7)}000`,
    `x${spelled(8)}`,
  ]);
  const heldChunk = await until(doubted, 'held');
  await ask('GET', `/v1/holds/${heldChunk}/artifact`);
  await ask('POST', `/v1/chunks/${heldChunk}/replay`, { reason: spelled(9), apply: false });
  await ask('POST', `/v1/holds/${heldChunk}/resolve`, { decision: 'replay', reason: spelled(10) });
  await until(doubted, 'held');

  // An upload whose answer repeats what it was sent.
  await fault('create', {
    kind: 'answer',
    status: 502,
    text: `upstream: ${spelled(11)}`,
    content_type: 'text/plain',
  });
  const lost = await enqueue(numbers(30));
  const lostChunk = await until(lost, 'held');
  await ask('POST', `/v1/holds/${lostChunk}/resolve`, { decision: 'give_up', reason: spelled(12) });

  // Words for a status that are a number, and an error of Postgres that quotes its row.
  await fault('create', {
    kind: 'statuses',
    statuses: [canary(13), { status: `bad ${spelled(14)}`, message: canary(15) }],
  });
  await db.query(`CREATE FUNCTION public.shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'duplicate key %', NEW.number USING DETAIL = format('Key (number)=(%s) already exists.', NEW.number);
  END $$`);
  await db.query(
    'CREATE TRIGGER shout BEFORE INSERT ON store.results FOR EACH ROW EXECUTE FUNCTION public.shout()',
  );
  const shouted = await enqueue(numbers(30));
  await waitFor(() => /"error_message":"duplicate key/.test(worker.said()), {
    timeoutMs: 100_000,
    describe: 'the worker to meet the error of Postgres',
  });
  await db.query('DROP TRIGGER shout ON store.results');
  await until(shouted, 'done');
  await db.query(
    'CREATE TRIGGER shout BEFORE INSERT ON store.job_numbers FOR EACH ROW EXECUTE FUNCTION public.shout()',
  );
  const path = '/v1/jobs?check=telegram&purpose=p&requested_by=r';
  statuses['an error of Postgres'] = (
    await ask('POST', path, `+${canary(16)}`, { 'content-type': 'text/plain' })
  ).status;
  await db.query('DROP TRIGGER shout ON store.job_numbers');

  // What shows numbers to who may see them, with cursors that hold them.
  let cursor = '';
  for (let page = 0; page < 3; page += 1) {
    const { text: rows } = await ask('GET', `/v1/jobs/${shouted}/results?limit=10${cursor}`);
    cursor = `&cursor=${(JSON.parse(rows) as { next_cursor: string }).next_cursor}`;
  }
  await ask('GET', `/v1/jobs/${doubted}/rejects`);
  await ask('GET', `/v1/jobs/${shouted}/export?format=csv`);
  await ask('GET', `/v1/holds/${heldChunk}`);
  await ask('GET', '/v1/holds');
  shown.push('');

  // Numbers that are not sent any more, and one that is erased from a job that is done.
  const said = { reason: `call of ${canary(1)}`, requested_by: canary(2) };
  const suppressed = numbers(3);
  await ask('POST', '/v1/suppressions', { numbers: suppressed, ...said });
  await until(await enqueue([...numbers(30), ...suppressed]), 'done');
  const query = new URLSearchParams(said).toString();
  await ask('DELETE', `/v1/suppressions/${suppressed[0]}?${query}`);
  await ask('POST', '/v1/suppressions/remove', { numbers: suppressed.slice(1, 2), ...said });
  const [erased] = (
    await db.query<{ number: number }>('SELECT min(number) AS number FROM store.results')
  ).rows;
  statuses['an erasure'] = (await ask('DELETE', `/v1/numbers/+${erased?.number}?${query}`)).status;
  await waitFor(() => worker.said().includes('"erasure.done"'), {
    timeoutMs: 100_000,
    describe: 'a number to be erased',
  });

  // Requests that are wrong, with numbers in every part of them.
  const wrong: readonly (readonly [string, string, unknown?, Record<string, string>?])[] = [
    ['GET', `/v1/jobs/${canary(17)}`],
    ['GET', `/v1/jobs/+${canary(17)}/results`],
    ['GET', `/v1/numbers/${canary(17)}`],
    ['DELETE', `/v1/numbers/+${canary(17)}`],
    ['GET', `/v1/jobs?cursor=${canary(18)}&limit=${canary(18)}`],
    ['GET', `/v1/jobs?${canary(18)}=1`],
    ['GET', `/%2B${canary(18)}/%ZZ`],
    ['PUT', `/v1/${canary(18)}`],
    [
      'POST',
      '/v1/jobs',
      { check: canary(19), purpose: 'p', requested_by: 'r', numbers: [canary(19)] },
    ],
    [
      'POST',
      '/v1/jobs',
      { check: 'telegram', account: canary(19), purpose: 'p', requested_by: 'r', numbers: [] },
    ],
    ['POST', '/v1/jobs', { [canary(19)]: canary(19), numbers: { a: canary(19) } }],
    ['POST', '/v1/jobs', `{"numbers": ["${canary(19)}`],
    ['POST', path, `+${canary(16)}`, { 'content-type': `text/${canary(16)}` }],
    [
      'POST',
      `${path}&column=${canary(16)}`,
      `a,b\n${canary(16)},1`,
      { 'content-type': 'text/csv' },
    ],
    ['POST', path, `"${canary(16)}\n`, { 'content-type': 'text/csv' }],
    ['POST', `/v1/holds/${heldChunk}/resolve`, { decision: canary(16), reason: canary(16) }],
    [
      'POST',
      `/v1/holds/${heldChunk}/resolve`,
      { decision: 'adopt', task_id: canary(16), reason: canary(16) },
    ],
    ['POST', `/v1/accounts/${canary(16)}/pause`, { reason: canary(16) }],
    ['PATCH', `/v1/jobs/${doubted}`, { max_cost: canary(16), priority: Number(canary(16)) }],
    ['GET', '/v1/jobs', undefined, { authorization: `Bearer rc_live_${canary(16)}` }],
    [
      'GET',
      '/v1/key',
      undefined,
      {
        'x-request-id': canary(16),
        traceparent: `00-${canary(16).padStart(32, '0')}-${'1'.repeat(16)}-01`,
        tracestate: `a=${canary(16)}`,
        'user-agent': canary(16),
        'idempotency-key': canary(16),
      },
    ],
    [
      'POST',
      '/v1/jobs',
      { check: 'telegram', numbers: [canary(16)] },
      { authorization: `Bearer ${weak}` },
    ],
  ];
  for (const [method, where, body, headers] of wrong) await ask(method, where, body, headers);

  const dashboard = await crawlDashboard(url, {
    authorization: `Bearer ${key}`,
    accept: 'text/html',
  });
  const metrics = [
    await (await fetch(`${url}/metrics`)).text(),
    await (await fetch(`${workerUrl}/metrics`)).text(),
  ];
  const queue =
    backend === 'redis' ? await readRedis(testRedisUrl(), prefix) : await readTables(db, 'bullmq');
  await api.stop();
  await worker.stop();
  const place = (name: string, content: string | Buffer): Place => ({
    name,
    bytes: Buffer.from(content),
  });
  return {
    statuses,
    places: [
      place('log and stderr of the API', api.said()),
      place('log and stderr of the worker', worker.said()),
      place('log of Postgres', await readFile(postgres.logPath)),
      place('statements as Postgres shows them', [...statements].join('\n')),
      place(backend === 'redis' ? 'Redis: keys and values' : 'tables of the queue', queue),
      place('metrics', metrics.join('\n')),
      place('traces', Buffer.concat(collected)),
      place('problem documents', problems.join('\n')),
      place('dashboard: pages and JSON', dashboard.join('\n')),
      place('audit trail', await readTable(db, 'store.audit_trail')),
      place(
        'evidence: excerpts',
        await readTable(
          db,
          'store.evidence',
          "concat_ws('|', t.body_excerpt, t.transport_error, t.verdict)",
        ),
      ),
      place('suppression list', await readTable(db, 'store.suppressions')),
      place('holds as analysts see them', await readTable(db, 'rollcall.held_chunks')),
    ],
    // Where numbers belong: they are found there, or nothing was sought.
    data: [
      place('numbers of jobs', await readTable(db, 'store.job_numbers')),
      place('answers of the API to who may see them', shown.join('\n')),
    ],
  };
}

describe.each(testBackends)('with the queue on %s', (backend) => {
  test('no number is anywhere but where numbers belong', async () => {
    const { places, data, statuses } = await play(backend);
    const rows = [...places, ...data].map(({ name, bytes }) => ({
      name,
      bytes: bytes.length,
      hits: finder.find(bytes),
    }));
    const width = Math.max(...rows.map(({ name }) => name.length));
    const lines = rows.map(
      ({ name, bytes, hits }) =>
        `${name.padEnd(width)}  ${String(bytes).padStart(9)}  ${String(hits.length).padStart(4)}`,
    );
    process.stdout.write(
      `\n${`place, queue on ${backend}`.padEnd(width)}      bytes  hits\n${lines.join('\n')}\n`,
    );
    expect(statuses).toEqual({ 'an error of Postgres': 500, 'an erasure': 202 });
    const isData = new Set(data.map(({ name }) => name));
    for (const { name, bytes, hits } of rows) {
      expect([name, bytes > 0]).toEqual([name, true]);
      if (isData.has(name)) expect([name, hits.length > 0]).toEqual([name, true]);
      else expect([name, hits]).toEqual([name, []]);
    }
  }, 400_000);
});
