import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { dataHome } from '@rollcall/config';
import { fieldsOf } from './start-child.ts';

const isRoot = process.getuid?.() === 0;

/** Where `start` keeps its data unless told: Postgres does not run as root and cannot reach into root's home. */
export function defaultDataFolder(): string {
  return isRoot ? '/var/lib/rollcall' : join(dataHome(), 'rollcall');
}

export type DataFolder =
  | { readonly kind: 'ours'; readonly folder: string; release(): Promise<void> }
  | { readonly kind: 'taken'; readonly folder: string; readonly pid: number };

const lockName = 'running.json';

/**
 * Makes the folder where it is absent, and takes it for this process alone until `release`. What a killed process left is
 * told by the time at which its number was given out, since numbers are used again.
 */
export async function takeDataFolder(path: string): Promise<DataFolder> {
  const folder = resolve(path);
  // Postgres, as another account, has to walk through it to its own folder below; it can read nothing on the way.
  await mkdir(folder, { recursive: true, mode: isRoot ? 0o711 : 0o700 });
  const lock = join(folder, lockName);
  const mine = JSON.stringify({ pid: process.pid, born: await bornAt(process.pid) });
  for (;;) {
    try {
      await writeFile(lock, `${mine}\n`, { flag: 'wx' });
      return { kind: 'ours', folder, release: () => rm(lock, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const { pid, born } = fieldsOf(await readFile(lock, 'utf8').catch(() => ''));
    if (typeof pid === 'number' && (await isThere(pid, born)))
      return { kind: 'taken', folder, pid };
    await rm(lock, { force: true });
  }
}

async function isThere(pid: number, born: unknown): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return (await bornAt(pid)) === born;
}

/** Linux: in clock ticks since the system's start (proc(5), field 22 of stat). Elsewhere unknown, and the number alone must do. */
async function bornAt(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  // The second field is a name in parentheses, which may hold anything.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}
