import { randomUUID } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Entry } from 'yauzl';
import type { FileBytes } from './file-bytes.ts';
import type { ReadContext } from './read-context.ts';
import type { Archive } from './zip-archive.ts';
import { readMember } from './zip-member.ts';

/**
 * Inflates a member into a file that has no name any more: only this process can read it, and nothing is left behind
 * when the process dies.
 */
export async function spillMember(
  archive: Archive,
  name: string,
  context: ReadContext,
): Promise<FileBytes> {
  const path = join(context.temporaryDirectory ?? tmpdir(), `rollcall-${randomUUID()}`);
  const handle = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    let size_bytes = 0;
    const entry = archive.members.get(name) as Entry;
    const spend = (bytes: number) => context.spend(bytes);
    for await (const piece of readMember(archive, entry, context.limits, spend)) {
      await handle.write(piece, 0, piece.length, size_bytes);
      size_bytes += piece.length;
    }
    return { fd: handle.fd, size_bytes, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
