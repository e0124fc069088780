import { randomBytes } from 'node:crypto';
import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A directory named `name` in this account's cache, filled once by `fill` and shared by every later run.
 * `fill` gets an empty private directory; a rename publishes it whole, so that processes racing for the same
 * name never see half of it: the loser drops its copy and uses the winner's. `name` must contain the version.
 */
export async function cachedDirectory(
  name: string,
  fill: (directory: string) => Promise<void>,
): Promise<string> {
  const root = await cacheRoot();
  const published = join(root, name);
  if (await exists(published)) return published;
  const filling = `${published}.${process.pid}-${randomBytes(4).toString('hex')}.partial`;
  await mkdir(filling, { mode: 0o755 });
  try {
    await fill(filling);
    await rename(filling, published);
  } catch (error) {
    await rm(filling, { recursive: true, force: true });
    if (!(await exists(published))) throw error;
  }
  return published;
}

/**
 * Root's home is closed to the account that its servers run as, so root uses the system's cache.
 * The temporary directory serves where neither can be written; it is shared with strangers, hence the check of
 * its owner: what lies in a cache is executed later.
 */
async function cacheRoot(): Promise<string> {
  const uid = process.getuid?.() ?? 0;
  const preferred = uid === 0 ? '/var/cache' : join(homedir(), '.cache');
  for (const root of [join(preferred, 'rollcall'), join(tmpdir(), `rollcall-cache-${uid}`)]) {
    try {
      await mkdir(root, { recursive: true, mode: 0o755 });
      const found = await lstat(root);
      if (found.isDirectory() && found.uid === uid && (found.mode & 0o022) === 0) return root;
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }
  throw new Error(
    'No cache directory can be written: neither ~/.cache (for root /var/cache) nor the temporary directory.',
  );
}

/** A home that is absent, read-only or not ours: a reason to look elsewhere, not a fault. */
function isRefusal(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST'].includes(code);
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
