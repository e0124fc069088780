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

test('a key can be made for another tenant, where there is that', async () => {
  const of = (tenant: string) => run('--name', 'x', '--scopes', 'admin', '--tenant', tenant);
  await expect(of('2')).rejects.toMatchObject({
    code: 64,
    stderr: 'No key was made: there is no tenant 2.\n',
  });
  const db = openDatabase({
    url: database.url,
    maxConnections: 1,
    applicationName: 'rollcall api test',
    onIdleError: () => undefined,
  });
  const { rows } = await db.query<{ id: number }>(
    "INSERT INTO store.tenants (name) VALUES ('another') RETURNING id",
  );
  const id = rows[0]?.id ?? 0;
  const { stdout } = await of(String(id));
  const found = await findApiKey(db, stdout.trim());
  await db.close();
  expect(found?.tenantId).toBe(id);
});

test.each([
  ['no name', ['--scopes', 'admin']],
  ['no scope', ['--name', 'x']],
  ['a tenant by its name', ['--name', 'x', '--scopes', 'admin', '--tenant', 'default']],
  ['a scope that there is not', ['--name', 'x', '--scopes', 'admin,root']],
])('%s is refused with the usage', async (_, flags) => {
  await expect(run(...flags)).rejects.toMatchObject({
    code: 64,
    stdout: '',
    stderr: expect.stringContaining('Usage: npx --yes pnpm@12.21.0 key'),
  });
});

test('help is given for the asking, and a flag that is none is told by the usage', async () => {
  expect((await run('--help')).stdout).toMatch(/^Usage: /);
  await expect(run('--nmae', 'x')).rejects.toMatchObject({
    code: 64,
    stderr: expect.stringMatching(/^Usage: /) as string,
  });
});
