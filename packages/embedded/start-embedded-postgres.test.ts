import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startEmbeddedPostgres } from './start-embedded-postgres.ts';

const FAST = { fsync: 'off' };

test('a temporary cluster answers, and stopping it twice leaves nothing behind', async () => {
  const postgres = await startEmbeddedPostgres({ settings: { ...FAST, work_mem: '7MB' } });
  const directory = await dataDirectoryOf(postgres.url);
  expect(await query(postgres.url, 'show work_mem')).toEqual([{ work_mem: '7MB' }]);
  expect(await query(postgres.url, 'show listen_addresses')).toEqual([
    { listen_addresses: '127.0.0.1' },
  ]);
  expect(existsSync(directory)).toBe(true);
  await Promise.all([postgres.stop(), postgres.stop()]);
  expect(existsSync(join(directory, '..'))).toBe(false);
  await expect(query(postgres.url, 'select 1')).rejects.toThrow('ECONNREFUSED');
});

test('a wrong password is refused', async () => {
  const postgres = await startEmbeddedPostgres({ settings: FAST });
  onTestFinished(postgres.stop);
  const wrong = new URL(postgres.url);
  wrong.password = 'guess';
  await expect(query(wrong.href, 'select 1')).rejects.toThrow('password authentication failed');
});

test('kill -9 of whoever started it stops the server and removes its files', async () => {
  const parent = startInChild({ settings: FAST });
  const [{ url }] = (await once(parent, 'message')) as [{ url: string }];
  const directory = await dataDirectoryOf(url);
  parent.kill('SIGKILL');
  await vi.waitFor(() => expect(existsSync(join(directory, '..'))).toBe(false), 15_000);
  await expect(query(url, 'select 1')).rejects.toThrow('ECONNREFUSED');
});

test('a kept cluster survives kill -9 of whoever started it and a new start right after', async () => {
  const dataDirectory = await temporaryDirectory();
  const parent = startInChild({ dataDirectory });
  const [{ url }] = (await once(parent, 'message')) as [{ url: string }];
  await query(url, 'create table kept as select 42 as answer');
  parent.kill('SIGKILL');
  const again = await startEmbeddedPostgres({ dataDirectory });
  onTestFinished(again.stop);
  expect(await query(again.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
});

test('a first start that was interrupted is done again', async () => {
  const dataDirectory = await temporaryDirectory();
  const first = await startEmbeddedPostgres({ dataDirectory, settings: FAST });
  await first.stop();
  await rm(join(dataDirectory, 'cluster'), { recursive: true });
  const second = await startEmbeddedPostgres({ dataDirectory, settings: FAST });
  onTestFinished(second.stop);
  expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect(await readdir(dataDirectory)).not.toContain('cluster.partial');
});

test('a named port that is taken is an error that quotes the server', async () => {
  const occupant = createServer().listen(0, '127.0.0.1');
  await once(occupant, 'listening');
  onTestFinished(() => void occupant.close());
  const { port } = occupant.address() as { port: number };
  await expect(startEmbeddedPostgres({ port, settings: FAST })).rejects.toThrow('could not bind');
});

test('the server log does not quote values of failed statements', async () => {
  const dataDirectory = await temporaryDirectory();
  const postgres = await startEmbeddedPostgres({ dataDirectory, settings: FAST });
  onTestFinished(postgres.stop);
  await expect(query(postgres.url, `select '447911123456x'::bigint`)).rejects.toThrow('bigint');
  await postgres.stop();
  const log = await readFile(join(dataDirectory, 'server.log'), 'utf8');
  expect(log).toContain('ready to accept connections');
  expect(log).not.toContain('447911123456');
});

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function dataDirectoryOf(url: string): Promise<string> {
  const [row] = await query(url, 'show data_directory');
  return String(row?.['data_directory']);
}

/** Servers run as another account when we are root, which must be able to walk here. */
async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-test-'));
  await chmod(directory, 0o711);
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A process of its own that starts Postgres, sends us the URL and waits to be killed. */
function startInChild(options: Parameters<typeof startEmbeddedPostgres>[0]): ChildProcess {
  const child = fork(join(import.meta.dirname, 'fixtures/start-postgres-and-wait.ts'), [
    JSON.stringify(options),
  ]);
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}
