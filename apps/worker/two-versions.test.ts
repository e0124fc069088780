import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, layGround } from './test-ground.ts';
import { accountsEnvironment, type SpawnedWorker, spawnWorker } from './testing/spawn-worker.ts';

/**
 * A deploy: the migration runs first, then workers are replaced one by one. The other version is a commit from before the newest
 * migrations, taken out of this repository's history and run with today's libraries; the stages of one job are shared by both.
 */
const repository = join(import.meta.dirname, '../..');
const git = async (...parameters: string[]) =>
  (await promisify(execFile)('git', ['-C', repository, ...parameters])).stdout.trim();

/**
 * The last whole version before migration 0013. A commit between two is often half of a change, so it is named and not searched
 * for: whoever releases moves it on to the release. Until then it stays right: an older version than the last is a harder test, and
 * the first test below says when it has become none. It needs the history: a shallow clone skips this file, and says so.
 */
const previousVersion = '87b4d7a5103d66f153123ff55539cd081ec0bc95';

/** The commit to run, or why it cannot be had. */
async function findPrevious(): Promise<{ readonly commit: string } | { readonly missing: string }> {
  try {
    return { commit: await git('rev-parse', '--verify', `${previousVersion}^{commit}`) };
  } catch {
    return { missing: `${previousVersion} is not in this history (no git, or a shallow clone)` };
  }
}

const previous = await findPrevious();
if ('missing' in previous) {
  process.stderr.write(
    `\nfault 29 IS NOT SHOWN, two versions side by side: ${previous.missing}. git fetch --unshallow\n\n`,
  );
}

interface PackageFile {
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Puts the commit into a folder, each package linked to its neighbours there and to the libraries of today's. */
async function checkOut(commit: string, folder: string): Promise<void> {
  const archive = spawn('git', [
    '-C',
    repository,
    'archive',
    commit,
    'apps',
    'packages',
    'migrations',
    'package.json',
  ]);
  const unpack = spawn('tar', ['-x', '-C', folder], {
    stdio: [archive.stdout, 'ignore', 'ignore'],
  });
  const [code] = await once(unpack, 'exit');
  if (code !== 0) throw new Error(`tar ended with ${code}`);
  for (const group of ['apps', 'packages']) {
    for (const name of await readdir(join(folder, group))) {
      const room = join(group, name);
      const text = await readFile(join(folder, room, 'package.json'), 'utf8').catch(() => '{}');
      const { dependencies = {} } = JSON.parse(text) as PackageFile;
      for (const [library, version] of Object.entries(dependencies)) {
        const target = version.startsWith('workspace:')
          ? join(folder, 'packages', library.replace('@rollcall/', ''))
          : await realpath(join(repository, room, 'node_modules', library));
        const link = join(folder, room, 'node_modules', library);
        await mkdir(dirname(link), { recursive: true });
        await symlink(target, link);
      }
    }
  }
}

async function readMigrations(folder: string): Promise<readonly string[][]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted();
  return Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')]));
}

describe.skipIf('missing' in previous)(
  'fault 29: the version before the newest migrations and this one',
  () => {
    let ground: Ground;
    let folder: string;
    let accounts: Readonly<Record<string, string>>;
    const workers: SpawnedWorker[] = [];

    beforeAll(async () => {
      folder = await realpath(await mkdtemp(join(tmpdir(), 'previous-')));
      if ('commit' in previous) await checkOut(previous.commit, folder);
      ground = await layGround();
      // The version before logs in as whoever owns the tables, and stores by COPY, which row-level security lets superusers alone do: as with the image
      // `postgres` (docs/deployment.md).
      await ground.db.query('REASSIGN OWNED BY rollcall_test_owner TO CURRENT_USER');
      accounts = await accountsEnvironment(ground.simulator, { chunkSize: 20 });
    });
    afterEach(async () => {
      await Promise.all(workers.splice(0).map((worker) => worker.kill()));
      await ground.nothingPaidTwice();
    });
    afterAll(async () => {
      await unlink(accounts['ROLLCALL_ACCOUNTS_FILE'] ?? '');
      await rm(folder, { recursive: true, force: true });
      await ground.close();
    });

    test('differ by migrations: those of the older one are the first of today’s, word for word', async () => {
      const before = await readMigrations(join(folder, 'migrations'));
      const today = await readMigrations(join(repository, 'migrations'));
      expect(before.length).toBeGreaterThan(0);
      expect(before.length).toBeLessThan(today.length);
      expect(today.slice(0, before.length)).toEqual(before);
    });

    test.each([
      ['plan,poll', 'submit,ingest'],
      ['submit,ingest', 'plan,poll'],
    ])(
      'work on one schema: the old one does %s, the new one %s, and every number is paid once',
      async (old, today) => {
        const entry = join(folder, 'apps/worker/main.ts');
        const environment = { DATABASE_URL: ground.databaseUrl, ...accounts };
        workers.push(
          spawnWorker(environment, { entry, flags: ['--stages', old] }),
          spawnWorker(environment, { flags: ['--stages', today] }),
        );
        const before = await ground.charges('ekycpro');
        const from = old.startsWith('plan') ? 447_926_000_000 : 447_926_100_000;
        const jobId = await ground.enqueue(
          'telegram',
          Array.from({ length: 60 }, (_, index) => from + index),
        );
        await waitFor(
          async () => {
            for (const worker of workers) {
              if (worker.hasEnded()) throw new Error(`a worker ended: ${worker.complaint()}`);
            }
            await ground.hurry(jobId);
            return (await ground.job(jobId))['state'] === 'completed';
          },
          { timeoutMs: 100_000, everyMs: 250, describe: 'the job to be completed' },
        );
        expect(await ground.job(jobId)).toMatchObject({ answered: 60, pending: 0 });
        expect((await ground.charges('ekycpro')) - before).toBe(
          (await ground.chunks(jobId)).length,
        );
        const audit = await ground.db.query('SELECT ok FROM rollcall.audit($1)', [jobId]);
        expect(audit.rows).toEqual([{ ok: true }]);
      },
    );
  },
);
