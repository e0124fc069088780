import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A file that has no name: unlinked as soon as it is open, so that nothing is left behind even by kill -9. The caller
 * closes it.
 */
export async function openTemporaryFile(): Promise<FileHandle> {
  const path = join(tmpdir(), `rollcall-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}
