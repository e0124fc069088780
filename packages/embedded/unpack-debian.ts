import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedDirectory } from './cached-directory.ts';
import { runTool, type ToolRun } from './run-tool.ts';

const DOWNLOAD_LIMIT_MS = 120_000;

class CannotUnpack extends Error {}

/**
 * A program from the distribution's signed packages, unpacked into the cache as `name` and never installed: no root needed,
 * no file of the system changed. `packages` are all that a slim image may lack of it. Where the machine has no package
 * lists (images drop them), lists are fetched into a directory of ours. `unavailable` on everything that is not Debian or Ubuntu, or without a network.
 */
export async function unpackDebian(
  name: string,
  packages: readonly string[],
  program: string,
): Promise<{ command: string; environment: Record<string, string> } | { unavailable: string }> {
  const release = await debianRelease();
  if (!release) return { unavailable: 'Debian packages: this is neither Debian nor Ubuntu' };
  try {
    const root = await cachedDirectory(`${name}-${release}-${process.arch}`, (directory) =>
      fill(directory, packages),
    );
    const libraries = await libraryDirectories(root);
    return {
      command: join(root, program),
      environment: { LD_LIBRARY_PATH: libraries.join(':') },
    };
  } catch (error) {
    if (error instanceof CannotUnpack) return { unavailable: `Debian packages: ${error.message}` };
    throw error;
  }
}

async function fill(directory: string, packages: readonly string[]): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'rollcall-apt-'));
  try {
    await download(work, packages);
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

async function download(work: string, packages: readonly string[]): Promise<void> {
  const direct = await apt(['download', ...packages], work);
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
  must('apt-get download', await apt([...options, 'download', ...packages], work));
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

/** `usr/lib/x86_64-linux-gnu` and its kin: the name depends on the architecture, so it is looked up. Some programs bring none. */
async function libraryDirectories(root: string): Promise<string[]> {
  const library = join(root, 'usr/lib');
  const entries = await readdir(library, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(library, entry.name));
}
