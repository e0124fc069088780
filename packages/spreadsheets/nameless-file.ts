import { randomUUID } from 'node:crypto';
import { type FileHandle, constants, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** O_TMPFILE without the O_DIRECTORY that it is combined with; Node does not name it. https://man7.org/linux/man-pages/man2/open.2.html */
const tmpfileBit = 0o20000000;
/** A filesystem or a kernel that does not know it: open(2), under EOPNOTSUPP, EISDIR and EINVAL. */
const unknownThere: ReadonlySet<string | undefined> = new Set(['EOPNOTSUPP', 'EISDIR', 'EINVAL']);

/**
 * A file in `directory` that has no name: only this process can read it, and the kernel frees it with the process, however that ends.
 * Linux makes it so. Elsewhere its name is taken away as soon as it is open: a kill -9 between the two leaves an empty file,
 * which one storm of 41 found. The caller closes it. Errors of the disk (full, read-only) are thrown.
 */
export async function openNamelessFile(directory: string): Promise<FileHandle> {
  if (process.platform === 'linux') {
    try {
      const flags = constants.O_RDWR | constants.O_DIRECTORY | tmpfileBit;
      return await open(directory, flags, 0o600);
    } catch (error) {
      if (!unknownThere.has((error as NodeJS.ErrnoException).code)) throw error;
    }
  }
  return openThenUnlink(directory);
}

async function openThenUnlink(directory: string): Promise<FileHandle> {
  const path = join(directory, `rollcall-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
  } catch (error) {
    await file.close();
    throw error;
  }
  return file;
}
