import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSuppressionSecrets } from '@rollcall/config';
import { addSuppressions, type Database, openDatabase } from '@rollcall/db';
import { numberDigests } from '@rollcall/privacy';
import { createTestDatabase } from '@rollcall/testing';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { suppressionSecret } from './suppression-secret.ts';

const tenantId = 1;
let database: Database;
let folder: string;
let path: string;

beforeEach(async () => {
  const fresh = await createTestDatabase();
  database = openDatabase({
    url: fresh.url,
    maxConnections: 1,
    applicationName: 'rollcall test',
    onIdleError: () => undefined,
  });
  onTestFinished(async () => {
    await database.close();
    await fresh.drop();
  });
  folder = await mkdtemp(join(tmpdir(), 'secret-'));
  path = join(folder, 'suppression-secret');
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

test('a secret is made once, for its owner alone, and kept', async () => {
  const secret = await suppressionSecret(database, folder);
  expect(readSuppressionSecrets(secret)).toMatchObject({ ok: true });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await suppress(secret);
  expect(await suppressionSecret(database, folder)).toBe(secret);
});

test('no new secret is made where the list stands under one that is lost, and the message names its file', async () => {
  await suppress(await suppressionSecret(database, folder));
  const secret = await readFile(path, 'utf8');
  await rm(path);
  for (let start = 0; start < 2; start += 1) {
    const failure = await suppressionSecret(database, folder).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'cannot_start' });
    expect(String(failure)).toContain(`${path} is not there`);
    expect(String(failure)).toContain('the suppression list has numbers under the secret local-');
  }
  expect(await readdir(folder)).toEqual([]);

  await writeFile(path, secret);
  expect(await suppressionSecret(database, folder)).toBe(secret.trim());
});

test('a file with another secret than that of the list, or with none, is named', async () => {
  const [id] = (await suppressionSecret(database, folder)).split(':');
  await suppress(await readFile(path, 'utf8'));
  const wrong = {
    [`${id}:${'0'.repeat(64)}`]: `${path} is not the one that these data need`,
    [`other:${'0'.repeat(64)}`]: `${path} is not the one that these data need`,
    'not a secret': `${path} cannot be used`,
  };
  for (const [text, says] of Object.entries(wrong)) {
    await writeFile(path, text);
    const failure = await suppressionSecret(database, folder).catch((error: unknown) => error);
    expect(String(failure)).toContain(says);
    expect(String(failure)).not.toContain('0'.repeat(64));
    expect(await readFile(path, 'utf8')).toBe(text);
  }
});

test('one that was lost before anything stood under it is followed by a new one', async () => {
  const first = await suppressionSecret(database, folder);
  await suppress(first);
  await database.query('DELETE FROM store.suppressions');
  await rm(path);
  const second = await suppressionSecret(database, folder);
  expect(second).not.toBe(first);
  expect(await suppressionSecret(database, folder)).toBe(second);
});

async function suppress(secret: string): Promise<void> {
  const read = readSuppressionSecrets(secret);
  if (!read.ok) throw new Error(read.problem);
  const digests = numberDigests(read.secrets);
  await database.transaction('suppression.add', (tx) =>
    addSuppressions(tx, tenantId, [447_911_123_456], digests, 'objection'),
  );
}
