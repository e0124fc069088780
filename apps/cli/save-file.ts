import { randomBytes } from 'node:crypto';
import { access, link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { failed } from './command-failed.ts';

/** Refuses a name that is taken, before anything is paid for. */
export async function refuseTaken(path: string, force: boolean): Promise<void> {
  if (force || !(await isThere(path))) return;
  throw failed('usage', 'file_exists', 'The output file exists', `${path} exists.`, [
    'Give --force to replace it, or another name.',
  ]);
}

/**
 * Writes a stream to a file that is whole or not there: to a hidden one beside it first, flushed to the disk, then given its name. The
 * name is not taken from a file that came up meanwhile, unless `force`. Throws CommandFailed where the disk refuses, and what the
 * stream throws; nothing is left then. Returns the bytes written.
 */
export async function saveFile(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  options: { readonly force: boolean; readonly mode?: number; onBytes?(bytes: number): void },
): Promise<number> {
  await refuseTaken(path, options.force);
  const partial = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.part`);
  let bytes = 0;
  try {
    const file = await onDisk(path, () => open(partial, 'wx', options.mode ?? 0o600));
    try {
      for await (const piece of pieces) {
        await onDisk(path, () => file.appendFile(piece));
        bytes += piece.byteLength;
        options.onBytes?.(bytes);
      }
      await onDisk(path, () => file.sync());
    } finally {
      await file.close();
    }
    await onDisk(path, () => giveName(partial, path, options.force));
    return bytes;
  } finally {
    await rm(partial, { force: true });
  }
}

async function giveName(partial: string, path: string, force: boolean): Promise<void> {
  if (!force) {
    try {
      // Unlike a rename it fails where the name is taken.
      await link(partial, path);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') await refuseTaken(path, false);
      // A file system without hard links.
    }
    await refuseTaken(path, false);
  }
  await rename(partial, path);
}

async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!/^E[A-Z0-9]+$/.test(code)) throw error;
    throw failed(
      'failed',
      'cannot_write',
      'The output file cannot be written',
      `${path}: ${code}.`,
      [
        'Check the folder, its rights and the space on the disk; then run the command again, or `rollcall export` for a job that exists.',
      ],
    );
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
