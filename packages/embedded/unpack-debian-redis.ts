import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedDirectory } from './cached-directory.ts';
import { runTool, type ToolRun } from './run-tool.ts';

/** redis-server is a link into redis-tools; the libraries are those that a slim image lacks. */
const PACKAGES = ['redis-server', 'redis-tools', 'liblzf1', 'libjemalloc2', 'libatomic1'];
const DOWNLOAD_LIMIT_MS = 120_000;

class CannotUnpack extends Error {}

/**
 * Redis from the distribution's signed packages, unpacked into the cache and never installed: no root needed, no
 * file of the system changed. Where the machine has no package lists (images drop them), lists are fetched into a
 * directory of ours. `unavailable` on everything that is not Debian or Ubuntu, or without a network.
 */
export async function unpackDebianRedis(): Promise<
  { command: string; environment: Record<string, string> } | { unavailable: string }
> {
  const release = await debianRelease();
  if (!release) return { unavailable: 'Debian packages: this is neither Debian nor Ubuntu' };
  try {
    const root = await cachedDirectory(`redis-${release}-${process.arch}`, fill);
    const libraries = await libraryDirectories(root);
    return {
      command: join(root, 'usr/bin/redis-server'),
      environment: { LD_LIBRARY_PATH: libraries.join(':') },
    };
  } catch (error) {
    if (error instanceof CannotUnpack) return { unavailable: `Debian packages: ${error.message}` };
    throw error;
  }
}

async function fill(directory: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'rollcall-apt-'));
  try {
    await download(work);
    const archives = (await readdir(work)).filter((name) => name.endsWith('.deb'));
    for (const archive of archives) {
      must(
        'dpkg -x',
        await runTool('dpkg', ['-x', join(work, archive), directory], { timeoutMs: 60_000 }),
      );
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function download(work: string): Promise<void> {
  const direct = await apt(['download', ...PACKAGES], work);
  if (direct.kind === 'ok') return;
  const state = join(work, 'state');
  await mkdir(join(state, 'lists/partial'), { recursive: true });
  await mkdir(join(work, 'cache/archives/partial'), { recursive: true });
  const ours = [
    `Dir::State::lists=${state}/lists`,
    `Dir::Cache=${work}/cache`,
    'Debug::NoLocking=1',
  ];
  const options = ours.flatMap((option) => ['-o', option]);
  must('apt-get update', await apt([...options, 'update'], work));
  must('apt-get download', await apt([...options, 'download', ...PACKAGES], work));
}

/** apt's own download user cannot write where we tell it to; it would only warn, so it is not used. */
function apt(given: string[], cwd: string): Promise<ToolRun> {
  const options = { cwd, timeoutMs: DOWNLOAD_LIMIT_MS };
  return runTool('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', ...given], options);
}

function must(what: string, run: ToolRun): void {
  if (run.kind === 'failed') throw new CannotUnpack(`${what}: ${run.complaint}`);
}

/** `debian-bookworm`, `ubuntu-noble`; part of the cache's key, since another release has other libraries. */
async function debianRelease(): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile('/etc/os-release', 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const value = (key: string): string =>
    new RegExp(`^${key}="?([\\w.-]*)`, 'm').exec(text)?.[1] ?? '';
  const isDebian = /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(text);
  return isDebian ? `${value('ID')}-${value('VERSION_CODENAME') || 'unnamed'}` : undefined;
}

/** `usr/lib/x86_64-linux-gnu` and its kin: the name depends on the architecture, so it is looked up. */
async function libraryDirectories(root: string): Promise<string[]> {
  const library = join(root, 'usr/lib');
  const entries = await readdir(library, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(library, entry.name));
}
