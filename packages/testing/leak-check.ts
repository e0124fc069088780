import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { undroppedDatabases } from './create-test-database.ts';
import { waitFor } from './wait-for.ts';

// A vitest setup file: around every test file. Its afterAll was registered first and therefore runs last.
// Whoever opens a resource closes it: what a file leaves behind fails that file.

/** Processes and sockets take a moment to go after they were told to. */
const SETTLING_LIMIT_MS = 5_000;

const outerTemporaryDirectory = tmpdir();
let temporaryDirectory = '';

beforeAll(async () => {
  temporaryDirectory = await mkdtemp(join(outerTemporaryDirectory, 'rollcall-file-'));
  // Like /tmp itself: servers started by a test run as another account when we are root.
  await chmod(temporaryDirectory, 0o1777);
  process.env['TMPDIR'] = temporaryDirectory;
});

afterAll(async () => {
  const options = { timeoutMs: SETTLING_LIMIT_MS, describe: 'resources to go' };
  let left = await leftovers();
  const settled = waitFor(async () => (left = await leftovers()).length === 0, options);
  await settled.catch((error: unknown) => {
    if (left.length === 0) throw error;
  });
  process.env['TMPDIR'] = outerTemporaryDirectory;
  await rm(temporaryDirectory, { recursive: true, force: true });
  if (left.length > 0) throw new Error(`This test file left behind: ${left.join('; ')}`);
});

async function leftovers(): Promise<string[]> {
  const files = await readdir(temporaryDirectory);
  const servers = process
    .getActiveResourcesInfo()
    .filter((resource) => resource === 'TCPServerWrap');
  return [
    ...[...undroppedDatabases].map((name) => `database ${name}, not dropped`),
    ...files.map((name) => `file ${name} in the temporary directory`),
    ...(servers.length > 0 ? [`${servers.length} listening sockets`] : []),
    ...(await childProcesses()).map((child) => `process ${child}`),
  ];
}

/** Children of this test process as "pid name". Linux only: elsewhere there is no cheap list, and none is given. */
async function childProcesses(): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  const threads = await readdir('/proc/self/task');
  const lists = threads.map((thread) => readIfThere(`/proc/self/task/${thread}/children`));
  const pids = (await Promise.all(lists)).join(' ').split(' ').filter(Boolean);
  return Promise.all(
    pids.map(async (pid) => `${pid} ${(await readIfThere(`/proc/${pid}/comm`)).trim()}`),
  );
}

/** Threads and processes come and go while we look. */
async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return '';
    throw error;
  }
}
