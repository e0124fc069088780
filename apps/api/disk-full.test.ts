import { mkdtemp, readdir, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { heldOpenFiles, makeXlsx } from '@rollcall/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type KeyedDatabase, openKeyedDatabase } from './testing/keyed-database.ts';
import { query } from './testing/post-job.ts';
import { type RunningApi, runApi } from './testing/run-api.ts';

/** A limit on file sizes stands in for the full disk: a real write that the kernel refuses, without root. */
let ground: KeyedDatabase;
let directory: string;
beforeAll(async () => {
  ground = await openKeyedDatabase();
  directory = await mkdtemp(join(tmpdir(), 'api-disk-'));
});
afterAll(async () => {
  await rmdir(directory);
  await ground.close();
});

async function start(shell?: string): Promise<RunningApi> {
  const environment = { DATABASE_URL: ground.databaseUrl, TMPDIR: directory };
  const api = await runApi(environment, shell === undefined ? {} : { shell });
  onTestFinished(async () => void (await api.stop('SIGTERM')));
  return api;
}

async function post({ url }: RunningApi, workbook: Uint8Array<ArrayBuffer>) {
  const response = await fetch(`${url}/v1/jobs?${query.toString()}`, {
    method: 'POST',
    headers: {
      authorization: ground.authorization,
      'content-type': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
      'idempotency-key': 'on-a-full-disk',
    },
    body: workbook,
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

async function jobs(): Promise<number | null> {
  return (await ground.db.query('SELECT FROM store.jobs')).rowCount;
}

test('fault 20: a full temporary directory of the API refuses the upload with a clear line, keeps nothing of it and lives; with room it is taken, once', async () => {
  const rows = Array.from({ length: 2_000 }, (_, index) => [447_911_000_000 + index]);
  const workbook = Uint8Array.from(await makeXlsx([['phone'], ...rows]));
  // 4 or 8 KiB, by the shell's unit.
  const full = await start('ulimit -f 8');
  const refused = await post(full, workbook);
  expect(refused).toMatchObject({ status: 503, body: { code: 'disk_full' } });
  expect(refused.headers.get('retry-after')).not.toBeNull();
  expect(full.lines().filter(({ event }) => event === 'disk.full')).toMatchObject([
    { level: 'error', reason: 'temporary_directory' },
  ]);
  expect(full.lines().map(({ event }) => event)).not.toContain('http.failed');
  expect(await jobs()).toBe(0);
  expect(await readdir(directory)).toEqual([]);
  if (process.platform === 'linux')
    expect(await heldOpenFiles(full.processId, directory)).toEqual([]);
  expect((await fetch(`${full.url}/healthz`)).status).toBe(200);

  expect(await post(await start(), workbook)).toMatchObject({ status: 202 });
  expect(await jobs()).toBe(1);
});
