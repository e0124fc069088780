import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkRole, type Database, migrate, openDatabase } from '@rollcall/db';
// oxlint-disable-next-line house/imports -- roles are the server's: on the run's shared one they are there already
import {
  disposableSettings,
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '@rollcall/embedded';
import { openQueues } from '@rollcall/queue';
import { afterAll, beforeAll, expect, test } from 'vitest';

// A server where no superuser's URL is to be had: the owner of the database is nobody special.

let server: EmbeddedPostgres;
let administrator: Database;
beforeAll(async () => {
  server = await startEmbeddedPostgres({ settings: disposableSettings });
  administrator = open(server.url);
});
afterAll(async () => {
  await administrator.close();
  await server.stop();
});

function open(url: string, role?: 'rollcall_api' | 'rollcall_worker'): Database {
  return openDatabase({
    url,
    ...(role && { role }),
    maxConnections: 2,
    applicationName: 'rollcall owner test',
    onIdleError: () => undefined,
  });
}

/** A database of its own, whose owner may log in and no more than `attributes`. */
async function databaseOf(owner: string, attributes = ''): Promise<string> {
  await administrator.query(`CREATE ROLE ${owner} LOGIN ${attributes} PASSWORD 'x'`);
  await administrator.query(`CREATE DATABASE of_${owner} OWNER ${owner}`);
  return as(owner, `of_${owner}`);
}

function as(user: string, database: string): string {
  const url = new URL(server.url);
  url.username = user;
  url.password = 'x';
  url.pathname = `/${database}`;
  return url.href;
}

/** As an operator does it. */
const runMigrate = (url: string) =>
  promisify(execFile)(process.execPath, [join(import.meta.dirname, 'migrate.ts')], {
    env: { DATABASE_URL: url, ROLLCALL_ACCOUNTS_FILE: '/none' },
  });

/** The queue's tables, by whoever logs in as before roles, and as `rollcall_queue` since. */
async function useQueue(databaseUrl: string, databaseRole?: 'rollcall_queue'): Promise<void> {
  const errors: unknown[] = [];
  const queues = await openQueues({
    databaseUrl,
    ...(databaseRole && { databaseRole }),
    accounts: ['acme'],
    onError: (error) => errors.push(error),
  });
  try {
    const rung = await queues.ring([{ stage: 'poll', account: 'acme', ring: 1 }]);
    expect({ ...rung, errors }).toEqual({ rung: 1, failed: 0, errors: [] });
  } finally {
    await queues.close();
  }
}

/** What the owner does on behalf of the programs, and the wall before each. */
async function expectBound(url: string, user: string): Promise<void> {
  const logins = { api: `${user}_api`, worker: `${user}_worker` };
  // The lines of docs/deployment.md#roles.
  await administrator.query(`
    CREATE ROLE ${logins.api} LOGIN PASSWORD 'x' IN ROLE rollcall_api;
    CREATE ROLE ${logins.worker} LOGIN PASSWORD 'x' IN ROLE rollcall_worker`);
  const database = new URL(url).pathname.slice(1);
  for (const login of [user, logins.api]) {
    const api = open(as(login, database), 'rollcall_api');
    expect(await checkRole(api, 'rollcall_api')).toEqual([]);
    await expect(api.query('SELECT FROM store.tenants')).rejects.toMatchObject({ code: '42501' });
    expect((await api.ofTenant(1).query('SELECT FROM store.tenants')).rowCount).toBe(1);
    expect((await api.ofTenant(2).query('SELECT FROM store.tenants')).rowCount).toBe(0);
    expect((await api.ofInstallation.query('SELECT state FROM store.jobs')).rowCount).toBe(0);
    await api.close();
    await useQueue(as(login, database), 'rollcall_queue');
  }
  for (const login of [user, logins.worker]) {
    const worker = open(as(login, database), 'rollcall_worker');
    expect(await checkRole(worker, 'rollcall_worker')).toEqual([]);
    await worker.query(`SELECT store.ensure_month('2031-07-15'), store.analyse_rows()`);
    expect((await worker.query('SELECT FROM store.tenants')).rowCount).toBe(1);
    await worker.close();
    await useQueue(as(login, database), 'rollcall_queue');
  }
}

test('an owner who may not make roles is told what an administrator types, once; with that typed it migrates, and the queue of the version before changes hands', async () => {
  const url = await databaseOf('plain');
  const refused = await runMigrate(url).catch((error: { code: number; stderr: string }) => error);
  expect(refused).toMatchObject({ code: 1 });
  const typed = /types once, and then it migrates: (.*;)$/m.exec(refused.stderr)?.[1] ?? '';
  expect(typed.match(/CREATE ROLE/g)).toHaveLength(5);
  // Up to there it is the version before, whose programs go on as the owner.
  await useQueue(url);
  await administrator.query(typed);
  expect(await migrate(url)).toMatchObject({ already: 21 });
  const owners = await administrator.query(
    'SELECT FROM pg_roles r WHERE r.rolname = $1 AND (rolsuper OR rolcreaterole OR rolbypassrls)',
    ['plain'],
  );
  expect(owners.rowCount).toBe(0);
  await expectBound(url, 'plain');
  // A person of his, as docs/queries.md says it.
  await administrator.query("CREATE ROLE ann LOGIN PASSWORD 'x' IN ROLE rollcall_analyst");
  const owner = open(url);
  await owner.query("SELECT store.let_read('ann', 'default')");
  await owner.close();
  const ann = open(as('ann', 'of_plain'));
  expect((await ann.query('SELECT FROM rollcall.jobs')).rowCount).toBe(0);
  await expect(ann.query('SELECT FROM store.tenant_readers')).rejects.toMatchObject({
    code: '42501',
  });
  await ann.close();
}, 120_000);

test('an owner of another database of that server, whose roles are there, is told which of them to be given, and whose the queue is', async () => {
  const url = await databaseOf('second');
  // And whose queue was another login's.
  const itsUrl = new URL(server.url);
  itsUrl.pathname = new URL(url).pathname;
  const elsewhere = open(itsUrl.href);
  const refusal = () =>
    migrate(url).then(
      () => '',
      (error: Error) => error.message,
    );
  const first = await refusal();
  expect(first).not.toContain('CREATE ROLE');
  await administrator.query(/then it migrates: (.*;)$/.exec(first)?.[1] ?? '');
  await elsewhere.query('CREATE SCHEMA bullmq');
  await elsewhere.query(/as that role say: (.*;)$/.exec(await refusal())?.[1] ?? '');
  await elsewhere.close();
  await migrate(url);
  await expectBound(url, 'second');
}, 120_000);

test('an owner who may make roles makes them', async () => {
  // As on a server that has none.
  await administrator.query('DROP DATABASE of_plain');
  await administrator.query('DROP DATABASE of_second');
  await administrator.query(
    'DROP ROLE rollcall_api, rollcall_worker, rollcall_installation, rollcall_queue, rollcall_analyst',
  );
  const url = await databaseOf('maker', 'CREATEROLE');
  await migrate(url);
  await expectBound(url, 'maker');
}, 120_000);
