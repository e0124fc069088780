import { expect, test } from 'vitest';
import { createLogger } from './create-logger.ts';
import { eventMeanings } from './events.ts';
import { type MetricDefinition, metricCatalogue } from './metric-catalogue.ts';
import { openMetrics } from './open-metrics.ts';

const definitions = Object.entries<MetricDefinition>(metricCatalogue);
const labelsNotAllowed = ['job', 'chunk', 'attempt', 'number', 'task', 'request', 'url', 'tenant'];

test.each(definitions)('%s follows the conventions of Prometheus', (name, definition) => {
  expect(name).toMatch(/^rollcall_[a-z]+(_[a-z]+)*$/);
  expect(name.endsWith('_total')).toBe(definition.type === 'counter');
  if (definition.unit === 'seconds') expect(name).toMatch(/_seconds$/);
  if (definition.unit === 'bytes') expect(name).toContain('_bytes');
  expect(definition.meaning).toMatch(/^[A-Z0-9].{15,}\.$/);
  expect(definition.labels.filter((label) => labelsNotAllowed.includes(label))).toEqual([]);
  if (definition.unit === 'money') expect(definition.labels).toContain('currency');
});

test('what was counted, timed and read comes out in text format, base units, and keeps its kind', async () => {
  const metrics = await openMetrics('worker', { ofProcess: false });
  metrics.count('rollcall_ingest_rows_total', { account: 'acme', outcome: 'registered' }, 7);
  metrics.count('rollcall_ingest_rows_total', { account: 'acme', outcome: 'registered' }, 0);
  metrics.observe('rollcall_stage_run_duration_seconds', { stage: 'poll', result: 'ok' }, 1_500);
  const { text, contentType } = await metrics.read();
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(text).toContain('rollcall_ingest_rows_total{account="acme",outcome="registered"} 7\n');
  expect(text).toContain('rollcall_stage_run_duration_seconds_sum{stage="poll",result="ok"} 1.5\n');
  expect(text).not.toContain('rollcall_jobs');
  expect(text).not.toContain('process_');
});

test('what is read as a whole forgets what is no longer there, and what was not read yet is 0', async () => {
  const metrics = await openMetrics('api', { ofProcess: false });
  const lines = async (name: string) =>
    (await metrics.read()).text.split('\n').filter((line) => line.startsWith(name));
  expect(await lines('rollcall_database_read_success')).toEqual([
    'rollcall_database_read_success 0',
  ]);
  metrics.replace('rollcall_jobs', [
    { labels: { state: 'running' }, value: 3 },
    { labels: { state: 'paused' }, value: 1 },
  ]);
  metrics.replace('rollcall_jobs', [{ labels: { state: 'running' }, value: 2 }]);
  expect(await lines('rollcall_jobs{')).toEqual(['rollcall_jobs{state="running"} 2']);
  const booked = { account: 'acme', currency: 'USD', entry: 'commit' };
  for (const value of [5, 6.5]) {
    metrics.replace('rollcall_ledger_booked_total', [{ labels: booked, value }]);
  }
  expect(await lines('rollcall_ledger_booked_total')).toEqual([
    'rollcall_ledger_booked_total{account="acme",currency="USD",entry="commit"} 6.5',
  ]);
  metrics.replace('rollcall_database_read_success', [{ labels: {}, value: 1 }]);
  metrics.replace('rollcall_database_read_seconds', []);
  expect(await lines('rollcall_database_read')).toEqual(['rollcall_database_read_success 1']);
});

test('every event stands at 0 before it happened, so that its first time is a rise', async () => {
  const { text } = await (await openMetrics('worker', { ofProcess: false })).read();
  for (const event of Object.keys(eventMeanings)) {
    expect(text).toContain(`rollcall_events_total{event="${event}"} 0\n`);
  }
});

test('every event is counted, also those that the level leaves out', () => {
  const heard: string[] = [];
  const log = createLogger({
    name: 'worker',
    level: 'error',
    destination: { write: () => undefined },
    onEvent: (event) => heard.push(event),
  });
  log.debug('sweep.rang');
  log.with({ account: 'acme' }).error('stage.failed');
  expect(heard).toEqual(['sweep.rang', 'stage.failed']);
});

test('a line says which trace it belongs to, and nothing else passes for a trace', () => {
  const lines: Record<string, unknown>[] = [];
  let traceId: string | null = '00112233445566778899aabbccddeeff';
  const log = createLogger({
    name: 'worker',
    level: 'info',
    destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
    traceId: () => traceId,
  });
  log.info('chunk.done');
  traceId = '4915112345678';
  log.info('chunk.done');
  traceId = null;
  log.info('chunk.done');
  expect(lines.map((line) => line['trace_id'])).toEqual([
    '00112233445566778899aabbccddeeff',
    '[masked]',
    undefined,
  ]);
});
