import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { appendAudit, type Database, openDatabase } from '@rollcall/db';
import { createTestDatabase, type TestDatabase } from '@rollcall/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase({
    url: database.url,
    maxConnections: 1,
    applicationName: 'rollcall api test',
    onIdleError: () => undefined,
  });
  for (const tenantId of [1, 1, null]) {
    const entry = { tenantId, actor: 'system', action: 'job.paused', subject: null } as const;
    await db.transaction('test', (tx) => appendAudit(tx, entry));
  }
});
afterAll(async () => {
  await db.close();
  await database.drop();
});

const program = join(import.meta.dirname, 'verify-audit.ts');
const run = (...flags: string[]) =>
  promisify(execFile)(process.execPath, [program, ...flags], {
    env: { DATABASE_URL: database.url },
  });

test('a trail that holds: a line a chain with its anchor, and those lines are what a later run expects', async () => {
  const { stdout } = await run();
  expect(stdout).toMatch(/^ok {6}the installation: 1 rows; 0:1:[0-9a-f]{64}$/m);
  expect(stdout).toMatch(/^ok {6}tenant default: 2 rows; 1:2:[0-9a-f]{64}$/m);
  expect(stdout).toContain('The audit trail holds: 2 chains, 3 rows.');
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-audit-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'earlier');
  await writeFile(file, stdout);
  expect((await run('--expect', file)).stdout).toBe(stdout);
  const { stdout: json } = await run('--json', '--expect', file);
  expect(JSON.parse(json)).toMatchObject({
    ok: true,
    rows: 3,
    chains: [{ chain: 0 }, { chain: 1 }],
  });
});

test('a chain that was taken away with its head is told as empty, and is broken where it was expected', async () => {
  const { stdout } = await run();
  const anchor = /0:1:[0-9a-f]{64}/.exec(stdout)?.[0] ?? '';
  await db.transaction('test', async (tx) => {
    await tx.query('SET LOCAL session_replication_role = replica');
    await tx.query('DELETE FROM store.audit_trail WHERE chain = 0');
    await tx.query('DELETE FROM store.audit_heads WHERE chain = 0');
  });
  expect((await run()).stdout).toMatch(
    /^EMPTY {3}the installation: no row[^]*holds: 1 chains, 2 rows/m,
  );
  await expect(run('--expect', anchor)).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^BROKEN {2}the installation: /m) as string,
  });
});

test('one that does not: the row is named, and the exit code is 1', async () => {
  // What a superuser does, who can switch every trigger off.
  await db.transaction('test', async (tx) => {
    await tx.query('SET LOCAL session_replication_role = replica');
    await tx.query(`UPDATE store.audit_trail SET actor = 'nobody' WHERE chain = 1 AND number = 2`);
  });
  const broken = {
    code: 1,
    stdout: expect.stringMatching(
      /^BROKEN {2}tenant default: row 2 is not what its hash was made of[^]*does not hold: 1 of 2 chains/m,
    ) as string,
  };
  await expect(run()).rejects.toMatchObject(broken);
});

test.each([[['--expect', '1:2']], [['--expect', '/nowhere']], [['--all']]])(
  'what names no anchor is refused: %s',
  async (flags) => {
    await expect(run(...flags)).rejects.toMatchObject({
      code: 64,
      stderr: expect.stringMatching(
        /^(Usage: npx --yes pnpm@12\.21\.0 verify-audit|Nothing was verified: --expect )/,
      ) as string,
    });
  },
);

test('what is expected and is no anchor is named, file or text', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-audit-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'nothing-in-it');
  await writeFile(file, 'The audit trail holds\n');
  for (const [given, says] of [
    ['1:5:abc', '--expect 1:5:abc: neither an anchor (1:523:9f86…) nor a file'],
    [folder, `--expect ${folder}: EISDIR`],
    [file, `--expect ${file}: no line of this file has an anchor`],
  ] as const) {
    await expect(run('--expect', given)).rejects.toMatchObject({
      code: 64,
      stderr: expect.stringContaining(says) as string,
    });
  }
  expect((await run('--help')).stdout).toMatch(/^Usage: /);
});
