import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkRole } from './check-role.ts';
import { type Database, openDatabase } from './database.ts';
import type { ProductRole } from './settings-as.ts';
import { type Ground, layGround } from './testing/ground.ts';

let ground: Ground;
/** A login of a program, as docs/deployment.md makes one. */
const login = `login_${randomBytes(6).toString('hex')}`;
const stranger = `stranger_${randomBytes(6).toString('hex')}`;

beforeAll(async () => {
  ground = await layGround();
  await ground.db.query(
    `CREATE ROLE ${login} LOGIN PASSWORD 'x' IN ROLE rollcall_api; CREATE ROLE ${stranger} LOGIN PASSWORD 'x'`,
  );
});
afterAll(async () => {
  await ground.db.query(`DROP ROLE ${login}; DROP ROLE ${stranger}`);
  await ground.close();
});

async function opened<T>(
  user: string | null,
  role: ProductRole | null,
  work: (db: Database) => Promise<T>,
  options = '',
): Promise<T> {
  const url = new URL(ground.url);
  if (user !== null) {
    url.username = user;
    url.password = 'x';
  }
  if (options !== '') url.searchParams.set('options', options);
  const db = openDatabase({
    url: url.href,
    ...(role && { role }),
    maxConnections: 1,
    applicationName: 'rollcall role test',
    onIdleError: () => undefined,
  });
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

test.for(['rollcall_api', 'rollcall_worker'] as const)(
  'a session that starts as %s is bound, whoever logs in',
  async (role) => {
    await opened(null, role, async (db) => {
      expect(await checkRole(db, role)).toEqual([]);
      expect((await db.query('SELECT current_user AS who')).rows).toEqual([{ who: role }]);
    });
  },
);

test('a login of the API alone is enough for all that the API does, and for nothing else', async () => {
  await opened(login, 'rollcall_api', async (db) => {
    expect(await checkRole(db, 'rollcall_api')).toEqual([]);
    expect((await db.ofTenant(1).query('SELECT name FROM store.tenants')).rows).toHaveLength(1);
    expect((await db.ofInstallation.query('SELECT count(*) FROM store.jobs')).rows).toHaveLength(1);
    await db.ofInstallation.transaction('test', (tx) => tx.query('SELECT FROM store.chunks'));
    await expect(db.query('SET ROLE rollcall_worker')).rejects.toMatchObject({ code: '42501' });
    await expect(db.query('RESET ROLE; DROP SCHEMA store CASCADE')).rejects.toMatchObject({
      code: '42501',
    });
  });
  expect(await opened(login, 'rollcall_worker', (db) => checkRole(db, 'rollcall_worker'))).toEqual([
    expect.stringMatching(/GRANT rollcall_worker TO it/),
  ]);
});

test('who sees past the walls is named with what lets him', async () => {
  const problems = (await opened(null, null, (db) => checkRole(db, 'rollcall_api'))).join('\n');
  for (const word of ['is not rollcall_api', 'superuser', 'bypasses', 'owner']) {
    expect(problems).toContain(word);
  }
});

test('a role that may not be taken, or is not there, is said with what to type', async () => {
  expect(await opened(stranger, 'rollcall_api', (db) => checkRole(db, 'rollcall_api'))).toEqual([
    expect.stringContaining('GRANT rollcall_api TO it'),
  ]);
  const missing = 'rollcall_missing' as ProductRole;
  expect(await opened(null, missing, (db) => checkRole(db, missing))).toEqual([
    expect.stringContaining('`migrate`'),
  ]);
});

test('what the URL asks of its sessions stays, and the role comes last', async () => {
  const options = '-c statement_timeout=4321 -c role=rollcall_worker';
  await opened(
    null,
    'rollcall_api',
    async (db) => {
      const { rows } = await db.query(
        "SELECT current_user AS who, current_setting('statement_timeout') AS timeout",
      );
      expect(rows).toEqual([{ who: 'rollcall_api', timeout: '4321ms' }]);
    },
    options,
  );
});
