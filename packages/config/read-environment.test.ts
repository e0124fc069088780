import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readEnvironment } from './read-environment.ts';

const least = {
  DATABASE_URL: 'postgres://rollcall@127.0.0.1/rollcall',
  ROLLCALL_ACCOUNTS_FILE: 'accounts.yaml',
};
const problemsOf = (env: Record<string, string | undefined>) => {
  const read = readEnvironment(env);
  return read.ok ? [] : read.problems;
};

test('a database and an accounts file are enough', () => {
  expect(readEnvironment(least)).toEqual({
    ok: true,
    config: {
      databaseUrl: least.DATABASE_URL,
      databaseConnections: 10,
      redisUrl: null,
      queuePrefix: 'rollcall',
      accountsFile: 'accounts.yaml',
      host: '127.0.0.1',
      port: 8080,
      logLevel: 'info',
      stages: ['plan', 'submit', 'poll', 'ingest'],
      intake: { maxLines: 10_000_000, maxLineBytes: 65_536, maxBytes: 1_073_741_824 },
      uploads: {
        timeout_ms: 3_600_000,
        silence_ms: 60_000,
        slowAfter_ms: 30_000,
        bytesPerSecondMin: 1_024,
        atOnceMax: 16,
        atOncePerKeyMax: 8,
      },
      requestsPerMinute: { perKeyMax: 6_000, perAddressMax: 600 },
      lease_ms: 40_000,
      heartbeat_ms: 10_000,
      rescueInterval_ms: 10_000,
      pruneInterval_ms: 3_600_000,
      retention_months: { rows: 24, files: 6, audit: 36 },
      stopDeadline_ms: 25_000,
      watchdog_ms: 60_000,
      metrics: null,
      tracesEndpoint: null,
      suppressionSecrets: [],
      crashAt: null,
    },
  });
});

test('the defaults take over dead work within the promised 60 s', () => {
  const read = readEnvironment(least);
  if (!read.ok) throw new Error('unreadable');
  expect(read.config.lease_ms + read.config.rescueInterval_ms).toBeLessThanOrEqual(60_000);
});

test('every setting can be given', () => {
  const read = readEnvironment({
    ...least,
    REDIS_URL: 'rediss://cache:6380/1',
    ROLLCALL_QUEUE_PREFIX: 'blue',
    ROLLCALL_HOST: '::1',
    ROLLCALL_PORT: '0',
    ROLLCALL_LOG_LEVEL: 'debug',
    ROLLCALL_STAGES: 'poll, submit',
    ROLLCALL_INTAKE_MAX_LINES: '5',
    ROLLCALL_LEASE_MS: '200',
    ROLLCALL_HEARTBEAT_MS: '50',
    ROLLCALL_METRICS_HOST: '0.0.0.0',
    ROLLCALL_METRICS_PORT: '9464',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
    ROLLCALL_CRASH_AT: 'submit.settle:after_commit#2',
  });
  expect(read).toMatchObject({
    ok: true,
    config: {
      redisUrl: 'rediss://cache:6380/1',
      queuePrefix: 'blue',
      host: '::1',
      port: 0,
      logLevel: 'debug',
      stages: ['submit', 'poll'],
      intake: { maxLines: 5 },
      lease_ms: 200,
      metrics: { host: '0.0.0.0', port: 9_464 },
      crashAt: { point: 'submit.settle:after_commit', passing: 2, how: 'die' },
      tracesEndpoint: 'http://collector:4318',
    },
  });
});

test('every problem is named at once, without the value', () => {
  const problems = problemsOf({
    DATABASE_URL: 'mysql://secret@host/db',
    REDIS_URL: 'secret',
    ROLLCALL_PORT: '70000',
    ROLLCALL_STAGES: 'submit,sleep',
    ROLLCALL_LOG_LEVEL: 'loud',
    ROLLCALL_LEASE_MS: '5s',
    ROLLCALL_QUEUE_PREFIX: 'a:b',
    ROLLCALL_HEARTBEAT_MS: '30000',
  });
  expect(problems.map((problem) => problem.split(':')[0])).toEqual([
    'DATABASE_URL',
    'REDIS_URL',
    'ROLLCALL_STAGES',
    'ROLLCALL_LOG_LEVEL',
    'ROLLCALL_QUEUE_PREFIX',
    'ROLLCALL_ACCOUNTS_FILE',
    'ROLLCALL_PORT',
    'ROLLCALL_LEASE_MS',
    'ROLLCALL_HEARTBEAT_MS',
  ]);
  expect(problems.join()).not.toContain('secret');
});

test('a line may be allowed one mebibyte, and no more', () => {
  const withLine = (bytes: string) => ({ ...least, ROLLCALL_INTAKE_MAX_LINE_BYTES: bytes });
  expect(readEnvironment(withLine('1048576'))).toMatchObject({
    config: { intake: { maxLineBytes: 1_048_576 } },
  });
  expect(problemsOf(withLine('1048577'))).toEqual([
    expect.stringContaining('ROLLCALL_INTAKE_MAX_LINE_BYTES'),
  ]);
});

test.for(['submit,submit', ',', 'all'])('the stages %j are refused', (stages) => {
  expect(problemsOf({ ...least, ROLLCALL_STAGES: stages })).toHaveLength(1);
});

describe('a variable with _FILE', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rollcall-config-'));
    writeFileSync(join(folder, 'url'), `${least.DATABASE_URL}\n`);
    writeFileSync(join(folder, 'empty'), '\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const withFile = (name: string) => ({
    ...least,
    DATABASE_URL: undefined,
    DATABASE_URL_FILE: join(folder, name),
  });

  test('is read from there, without the line end', () => {
    expect(readEnvironment(withFile('url'))).toMatchObject({
      ok: true,
      config: { databaseUrl: least.DATABASE_URL },
    });
  });

  test('is a problem, once, where the file is missing, empty, or one of two', () => {
    expect(problemsOf(withFile('none'))).toEqual([expect.stringContaining('ENOENT')]);
    expect(problemsOf(withFile('empty'))).toEqual([expect.stringContaining('is empty')]);
    expect(problemsOf({ ...withFile('url'), ...least })).toEqual([
      'DATABASE_URL: set together with DATABASE_URL_FILE; keep one of them',
    ]);
  });
});
