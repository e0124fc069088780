// One job through an API and a worker as processes of their own, a collector that keeps what it is sent, and a scrape of both:
// what one person sees of another's work. Each part of it is shown alone beside its source. Over 300 lines: a run of two
// processes is dear, so all that it can show is shown of one.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { simulatedAccounts } from '../packages/config/index.ts';
import { createApiKey, openDatabase } from '../packages/db/index.ts';
import { type MetricDefinition, metricCatalogue } from '../packages/telemetry/index.ts';
import { createTestDatabase, startSimulator, waitFor } from '../packages/testing/index.ts';

const root = join(import.meta.dirname, '..');
const numbers = Array.from({ length: 40 }, (_, index) => `+4479111${23_400 + index}`);
const caller = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly service: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly linksTo: readonly string[];
}

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let simulator: Awaited<ReturnType<typeof startSimulator>>;
let collector: Server;
let folder: string;
let secrets: readonly string[];
/** Every body that the collector got, as it came. */
const collected: Buffer[] = [];
const spans: Span[] = [];
const processes: ReturnType<typeof start>[] = [];
const scraped = { api: '', worker: '' };
let jobId: string;
/** Of a worker to /healthz, to what it has not, and to a method that it does not know. */
let answers: readonly number[];

/** A process of ours with what it logged. */
function start(name: 'api' | 'worker', environment: Readonly<Record<string, string>>) {
  const child: ChildProcess = spawn(process.execPath, [join(root, `apps/${name}/main.ts`)], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const lines = () =>
    output
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    lines,
    async port() {
      const line = await waitFor(
        () =>
          lines().find(({ event }) => event === 'http.listening') ??
          (child.exitCode === null ? null : 'ended'),
        { timeoutMs: 50_000, describe: `the ${name} to listen` },
      );
      if (line === 'ended') throw new Error(`the ${name} ended: ${output}`);
      return Number(line['port']);
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended;
    },
  };
}

async function openCollector(): Promise<Server> {
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      collected.push(body);
      keepSpans(body);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** OTLP as JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
interface ExportedTraces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<Span, 'attributes' | 'service' | 'linksTo'> & {
        readonly attributes: readonly Attribute[];
        readonly links?: readonly { readonly spanId: string }[];
      })[];
    }[];
  }[];
}
interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number };
}

function keepSpans(body: Buffer): void {
  const { resourceSpans } = JSON.parse(body.toString()) as ExportedTraces;
  const asRecord = (attributes: readonly Attribute[]) =>
    Object.fromEntries(
      attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]),
    );
  for (const { resource, scopeSpans } of resourceSpans) {
    const service = String(asRecord(resource.attributes)['service.name']);
    for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
      const linksTo = (span.links ?? []).map((link) => link.spanId);
      spans.push({ ...span, service, attributes: asRecord(span.attributes), linksTo });
    }
  }
}

beforeAll(async () => {
  [database, simulator, collector, folder] = await Promise.all([
    createTestDatabase(),
    startSimulator(),
    openCollector(),
    mkdtemp(join(tmpdir(), 'traced-job-')),
  ]);
  const address = collector.address();
  if (address === null || typeof address === 'string') throw new Error('no collector');
  const { text: accounts, keys } = await simulatedAccounts({ ...simulator, chunkSize: 20 });
  await writeFile(join(folder, 'accounts.yaml'), accounts);
  const db = openDatabase({
    url: database.url,
    maxConnections: 2,
    applicationName: 'rollcall test',
    onIdleError: () => undefined,
  });
  const { key } = await createApiKey(db, { tenantId: 1, name: 'test', scopes: ['admin'] });
  await db.close();
  secrets = [key, ...Object.values(keys), ...numbers.map((number) => number.slice(1))];

  const environment = {
    DATABASE_URL: database.url,
    ROLLCALL_ACCOUNTS_FILE: join(folder, 'accounts.yaml'),
    ROLLCALL_PORT: '0',
    ROLLCALL_METRICS_PORT: '0',
    ROLLCALL_LOG_LEVEL: 'debug',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${address.port}`,
    ...keys,
  };
  const api = start('api', environment);
  const worker = start('worker', environment);
  processes.push(api, worker);
  const url = `http://127.0.0.1:${await api.port()}`;
  const workerUrl = `http://127.0.0.1:${await worker.port()}`;
  answers = [
    await fetch(`${workerUrl}/healthz`),
    await fetch(`${workerUrl}/v1/jobs`),
    await fetch(`${workerUrl}/metrics`, { method: 'POST' }),
  ].map(({ status }) => status);

  const authorization = `Bearer ${key}`;
  const made = await fetch(`${url}/v1/jobs`, {
    method: 'POST',
    headers: {
      authorization,
      'content-type': 'application/json',
      traceparent: `00-${caller.traceId}-${caller.spanId}-01`,
    },
    body: JSON.stringify({ check: 'telegram', purpose: 'a test', requested_by: 'vitest', numbers }),
  });
  jobId = ((await made.json()) as { id: string }).id;
  await waitFor(
    async () => {
      const job = await fetch(`${url}/v1/jobs/${jobId}`, { headers: { authorization } });
      return ((await job.json()) as { state: string }).state === 'completed';
    },
    { timeoutMs: 60_000, everyMs: 200, describe: 'the job to be completed' },
  );
  // What is read from Postgres may be five seconds old.
  scraped.api = await waitFor(
    async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return text.includes('rollcall_numbers{') ? text : null;
    },
    { timeoutMs: 60_000, everyMs: 500, describe: 'the job to be in the metrics' },
  );
  scraped.worker = await (await fetch(`${workerUrl}/metrics`)).text();
  await Promise.all(processes.map((each) => each.stop()));
}, 150_000);
afterAll(async () => {
  await Promise.all(processes.map((each) => each.stop()));
  collector.closeAllConnections();
  collector.close();
  await Promise.all([simulator.stop(), database.drop(), rm(folder, { recursive: true })]);
});

describe('a job that was traced', () => {
  test('is one trace below its caller, from the request through each stage to the provider', () => {
    const trace = spans.filter(({ traceId }) => traceId === caller.traceId);
    const steps = new Set(trace.map(({ service, name }) => `${service}: ${name}`));
    expect([...steps].toSorted()).toEqual([
      'rollcall-api: POST /v1/jobs',
      'rollcall-worker: ingest',
      'rollcall-worker: plan',
      'rollcall-worker: polled',
      'rollcall-worker: provider download',
      'rollcall-worker: provider submit',
      'rollcall-worker: submit',
    ]);
    const known = new Set([caller.spanId, ...trace.map(({ spanId }) => spanId)]);
    for (const { name, parentSpanId } of trace)
      expect([name, known.has(parentSpanId ?? '')]).toEqual([name, true]);
    const parentOf = (name: string) => {
      const span = trace.find((each) => each.name === name);
      return trace.find(({ spanId }) => spanId === span?.parentSpanId)?.name;
    };
    expect(['plan', 'submit', 'ingest', 'polled'].map(parentOf)).toEqual(
      Array.from({ length: 4 }, () => 'POST /v1/jobs'),
    );
    expect(parentOf('provider submit')).toBe('submit');
    expect(parentOf('provider download')).toBe('ingest');
    for (const { attributes, service, name } of trace) {
      if (service === 'rollcall-worker' && !name.startsWith('provider')) {
        expect(attributes['rollcall.job']).toBe(jobId);
      }
    }
  });

  test('is linked to the poll rounds that asked for it, which are traces of their own', () => {
    const rounds = spans.filter(({ name }) => name === 'poll');
    expect(rounds.map(({ traceId }) => traceId)).not.toContain(caller.traceId);
    const inRounds = new Set(rounds.map(({ spanId }) => spanId));
    const polled = spans.filter(({ name }) => name === 'polled');
    expect(polled.length).toBeGreaterThan(0);
    for (const { linksTo } of polled) expect(linksTo.some((id) => inRounds.has(id))).toBe(true);
    expect(spans.filter(({ name }) => name === 'provider status').length).toBeGreaterThan(0);
  });

  test('can be found from the log lines of both processes', () => {
    const [api, worker] = processes.map(({ lines }) => lines());
    const traceOf = (lines: typeof api, event: string) =>
      lines?.find((line) => line['event'] === event)?.['trace_id'];
    for (const event of ['job.received', 'http.request']) {
      expect([event, traceOf(api, event)]).toEqual([event, caller.traceId]);
    }
    for (const event of ['job.planned', 'chunk.accepted', 'chunk.done', 'job.closed']) {
      expect([event, traceOf(worker, event)]).toEqual([event, caller.traceId]);
    }
    expect(traceOf(worker, 'worker.started')).toBeUndefined();
  });

  test('tells the collector no number, no key and no address of a result', () => {
    const sent = Buffer.concat(collected).toString('latin1');
    expect(sent).toContain(jobId);
    for (const secret of secrets) expect(sent).not.toContain(secret);
    expect(sent).not.toMatch(/rc_live_|https?:\/\/|\?|authorization|4479111/i);
  });
});

test('a worker answers for its health, and nothing but what it is there for', () => {
  expect(answers).toEqual([200, 404, 405]);
});

describe('what the two processes export', () => {
  const typesOf = (text: string) =>
    Object.fromEntries(
      [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]),
    );
  const ours = (types: Record<string, string>) =>
    Object.keys(types).filter((name) => name.startsWith('rollcall_'));

  test('is the whole list of metrics and nothing beside it', () => {
    const api = typesOf(scraped.api);
    const worker = typesOf(scraped.worker);
    const definitions = Object.entries<MetricDefinition>(metricCatalogue);
    expect([...new Set([...ours(api), ...ours(worker)])].toSorted()).toEqual(
      definitions.map(([name]) => name).toSorted(),
    );
    for (const [name, { type }] of definitions) expect(api[name] ?? worker[name]).toBe(type);
  });

  test('has every metric of Node that the rules and the dashboard name', async () => {
    const texts = await Promise.all(
      ['ops/prometheus/rules.yml', 'ops/grafana/dashboards/rollcall.json'].map((path) =>
        readFile(join(root, path), 'utf8'),
      ),
    );
    const named = new Set(texts.join('').match(/\b(?:nodejs|process)_[a-z0-9_]+/g));
    expect(named.size).toBeGreaterThan(0);
    for (const name of named) {
      expect(typesOf(scraped.api)).toHaveProperty(name);
      expect(typesOf(scraped.worker)).toHaveProperty(name);
    }
  });

  test('says what was done: uploads, rows, requests, doorbells and money', () => {
    const sum = (text: string, series: RegExp) =>
      text
        .split('\n')
        .filter((line) => series.test(line))
        .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
    const { api, worker } = scraped;
    expect(sum(worker, /^rollcall_ingest_rows_total\{account="ekycpro"/)).toBe(numbers.length);
    expect(sum(api, /^rollcall_numbers\{/)).toBe(numbers.length);
    const uploads = sum(worker, /^rollcall_uploads_total\{account="ekycpro",outcome="accepted"\}/);
    expect(uploads).toBeGreaterThanOrEqual(2);
    const submits =
      /^rollcall_provider_request_duration_seconds_count\{account="ekycpro",operation="submit",status="2xx"\}/;
    expect(sum(worker, submits)).toBe(uploads);
    expect(sum(worker, /^rollcall_ingest_bytes_total\{/)).toBeGreaterThan(0);
    expect(
      sum(worker, /^rollcall_stage_run_duration_seconds_count\{stage="ingest",result="rows"\}/),
    ).toBe(uploads);
    expect(sum(worker, /^rollcall_worker_serves\{/)).toBe(4);
    // A second was too short for a busy machine, perhaps; then the sweep rang.
    expect(sum(api, /^rollcall_doorbells_total\{/)).toBe(1);
    expect(sum(api, /^rollcall_ledger_booked_total\{.*entry="commit"\}/)).toBeGreaterThan(0);
    expect(sum(api, /^rollcall_events_total\{event="job.received"\}/)).toBe(1);
  });

  test('holds no id, no number and no key', () => {
    for (const text of [scraped.api, scraped.worker]) {
      for (const secret of secrets) expect(text).not.toContain(secret);
      expect(text).not.toMatch(/(?:job|chk|att|key)_[0-9a-f]{8}|rc_live_/);
    }
  });
});
