import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findApiKey, openDatabase } from '@rollcall/db';
import { createTestDatabase } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const run = (...flags: string[]) =>
  promisify(execFile)(process.execPath, [join(import.meta.dirname, 'create-key.ts'), ...flags], {
    env: { DATABASE_URL: database.url },
  });

test('the key that is printed opens what it was made for', async () => {
  const { stdout } = await run('--name', 'billing', '--scopes', 'jobs:write,jobs:read');
  const db = openDatabase({
    url: database.url,
    maxConnections: 1,
    applicationName: 'rollcall api test',
    onIdleError: () => undefined,
  });
  const found = await findApiKey(db, stdout.trim());
  await db.close();
  expect(found).toMatchObject({
    name: 'billing',
    scopes: ['jobs:write', 'jobs:read'],
    tenantId: 1,
  });
});

test.each([
  ['no name', ['--scopes', 'admin']],
  ['no scope', ['--name', 'x']],
  ['a scope that there is not', ['--name', 'x', '--scopes', 'admin,root']],
])('%s is refused with the usage', async (_, flags) => {
  await expect(run(...flags)).rejects.toMatchObject({
    code: 64,
    stdout: '',
    stderr: expect.stringContaining('Usage: npx --yes pnpm@12.21.0 key'),
  });
});
