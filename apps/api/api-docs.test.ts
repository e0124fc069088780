import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { rejectReasons } from '@rollcall/numbers';
import { expect, test } from 'vitest';
import type { Json } from './testing/ground.ts';
import { openLiveGround } from './testing/live-ground.ts';

const readPage = () => readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');

test('docs/api.md explains every reason of a reject', async () => {
  const explained =
    (await readPage())
      .split('| reason ')[1]
      ?.split('\n\n')[0]
      ?.matchAll(/^\| `(\w+)`/gm) ?? [];
  expect([...explained].map(([, reason]) => reason)).toEqual([...rejectReasons]);
});

test('every line of docs/api.md works as it stands, and together they make every call', async () => {
  const blocks = [...(await readPage()).matchAll(/```sh\n([^]*?)```/g)].map(([, block]) => block);
  // The first sets the variables.
  const script = ['set -euo pipefail', ...blocks.slice(1)].join('\n');
  const ground = await openLiveGround({ chunkSize: 1_000 });
  const directory = await mkdtemp(join(tmpdir(), 'docs-'));
  const written = (name: string) => readFile(join(directory, name), 'utf8');
  try {
    await ground.startWorker();
    const env = {
      PATH: process.env['PATH'],
      ROLLCALL_URL: ground.url,
      ROLLCALL_KEY: (await ground.bearer(['admin'])).slice('Bearer '.length),
      ROLLCALL_SIMULATOR: ground.simulator.url,
    };
    await promisify(execFile)('bash', ['-c', script], { cwd: directory, env, timeout: 150_000 });

    const answered: Json[] = ground
      .logged()
      .split('\n')
      .filter((line) => line.includes('"http.request"'))
      .map((line) => JSON.parse(line));
    expect(answered.filter(({ status_code }) => status_code >= 400)).toEqual([]);
    const made = answered.map(({ method, route }) => `${method} ${route}`);
    const document = JSON.parse(await written('openapi.json'));
    const calls = Object.entries<Json>(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map(
        (method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
      ),
    );
    expect(calls.filter((call) => !made.includes(call))).toEqual([]);

    expect(await written('results.csv')).toMatch(/^\+447911123456,/m);
    const lines = (await written('answered.csv')).trim().split('\r\n');
    expect(lines).toHaveLength(5);
    expect(lines.filter((line) => line.includes('duplicate'))).toHaveLength(1);
    expect(await written('dashboard.html')).toContain('doorbells');
    const { rows } = await ground.database.query<{ state: string }>(
      'SELECT state FROM store.jobs ORDER BY job_no',
    );
    expect(rows.map(({ state }) => state)).toEqual([
      'completed',
      'completed',
      'completed',
      'completed',
      'cancelled',
      'completed',
      'completed_with_errors',
      'completed',
      'completed_with_errors',
    ]);
    expect(await written('artifact.bin')).toMatch(/<html/i);
  } finally {
    await rm(directory, { recursive: true });
    await ground.close();
  }
}, 180_000);
