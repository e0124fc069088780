import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { rejectReasons } from '@rollcall/numbers';
import { expect, test } from 'vitest';
import { openGround } from './testing/ground.ts';

test('docs/api.md explains every reason of a reject', async () => {
  const page = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');
  const explained =
    page
      .split('| reason ')[1]
      ?.split('\n\n')[0]
      ?.matchAll(/^\| `(\w+)`/gm) ?? [];
  expect([...explained].map(([, reason]) => reason)).toEqual([...rejectReasons]);
});

test('every line of docs/api.md works as it stands', async () => {
  const page = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/```sh\n([^]*?)```/g)].map(([, block]) => block);
  // The first sets the two variables.
  const script = ['set -euo pipefail', ...blocks.slice(1)].join('\n');
  const curls = script.match(/\bcurl /g)?.length ?? 0;
  expect(curls).toBeGreaterThan(8);

  const ground = await openGround();
  const directory = await mkdtemp(join(tmpdir(), 'docs-'));
  try {
    const key = (await ground.bearer(['admin'])).slice('Bearer '.length);
    const env = { PATH: process.env['PATH'], ROLLCALL_URL: ground.url, ROLLCALL_KEY: key };
    await promisify(execFile)('bash', ['-c', script], { cwd: directory, env });
    const { rows } = await ground.database.query('SELECT accepted FROM store.jobs ORDER BY job_no');
    expect(rows).toEqual([{ accepted: 2 }, { accepted: 2 }, { accepted: 2 }]);
    expect(await readFile(join(directory, 'dashboard.html'), 'utf8')).toContain('doorbells');
    expect(ground.logged().match(/"http.request"/g)).toHaveLength(curls);
    expect(ground.logged()).not.toMatch(/"status_code":[45]/);
  } finally {
    await rm(directory, { recursive: true });
    await ground.close();
  }
});
