import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { failed } from './command-failed.ts';

/** A list of numbers that can be read as often as it has to be sent. */
export interface UploadSource extends AsyncDisposable {
  readonly bytes: number;
  /** From its beginning, in pieces. One at a time. */
  read(): AsyncIterable<Uint8Array>;
}

const pieceBytes = 1 << 18;

/**
 * Opens FILE, or standard input for `-`. What can be read only once (a pipe, `<(…)`) goes to a file without a name first, so that it can
 * be sent again after a lost connection; the system frees it with us, however we end. Throws CommandFailed, and the signal's reason,
 * also while it waits for a pipe that says nothing.
 */
export async function openUploadSource(
  path: string,
  stdin: NodeJS.ReadableStream,
  signal: AbortSignal,
  onSpooled: (bytes: number) => void = () => undefined,
): Promise<UploadSource> {
  if (path === '-') return sourceOf(await spool(stdin as Readable, signal, onSpooled), signal);
  const file = await open(path, constants.O_RDONLY).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'there is no such file' : (error.code ?? 'unreadable');
    throw failed('usage', 'cannot_read', 'The file cannot be read', `${path}: ${why}.`);
  });
  const stat = await file.stat();
  if (stat.isDirectory()) {
    await file.close();
    throw failed('usage', 'cannot_read', 'The file cannot be read', `${path}: it is a folder.`);
  }
  if (stat.isFile()) return sourceOf(file, signal);
  try {
    const piped = file.createReadStream({ autoClose: false });
    return await sourceOf(await spool(piped, signal, onSpooled), signal);
  } finally {
    await file.close();
  }
}

async function sourceOf(file: FileHandle, signal: AbortSignal): Promise<UploadSource> {
  const { size } = await file.stat();
  return {
    bytes: size,
    // Never beyond the size that was announced, should somebody append to it meanwhile.
    read: () => piecesOf(file, size, signal),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

async function* piecesOf(
  file: FileHandle,
  size: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; ) {
    signal.throwIfAborted();
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, size - at));
    const { bytesRead } = await file.read(piece, 0, piece.byteLength, at);
    if (bytesRead === 0) {
      throw failed(
        'failed',
        'file_changed',
        'The file changed',
        'It became shorter while it was sent.',
      );
    }
    at += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}

async function spool(
  pipe: Readable,
  signal: AbortSignal,
  onSpooled: (bytes: number) => void,
): Promise<FileHandle> {
  const path = join(tmpdir(), `rollcall-${randomBytes(8).toString('hex')}`);
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    let bytes = 0;
    for await (const piece of addAbortSignal(signal, pipe) as AsyncIterable<Uint8Array>) {
      await file.appendFile(piece);
      bytes += piece.byteLength;
      onSpooled(bytes);
    }
    return file;
  } catch (error) {
    await file.close();
    throw signal.aborted ? signal.reason : error;
  }
}
