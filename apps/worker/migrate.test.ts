import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTestDatabase } from '@rollcall/testing';
import { expect, onTestFinished, test } from 'vitest';

const run = (environment: Record<string, string>) =>
  promisify(execFile)(process.execPath, [join(import.meta.dirname, 'migrate.ts')], {
    env: environment,
  });

test('migrating says what it did, and a database that is up to date stays as it is', async () => {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const { stdout } = await run({ DATABASE_URL: database.url, ROLLCALL_ACCOUNTS_FILE: '/none' });
  expect(stdout).toMatch(/^0 migrations applied, [1-9]\d* were there already\n$/);
});

test('without a database to migrate it names what is missing and exits with 78', async () => {
  await expect(run({})).rejects.toMatchObject({
    code: 78,
    stderr: expect.stringContaining('DATABASE_URL: is not set'),
  });
});
