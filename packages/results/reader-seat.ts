import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { openNamelessFile } from '@rollcall/spreadsheets';
import type { ResultBatch } from './result-batch.ts';
import {
  type ConfinedReadOptions,
  ReaderDied,
  type ReaderProcess,
  type ResultRead,
} from './start-result-reader.ts';

/** A file, the process that has it open once it was begun, and what became of both. */
export interface Seat {
  readonly whose: string;
  readonly file: FileHandle;
  /** The same file for the process, which cannot write through it. */
  readonly shown: FileHandle;
  starting: Promise<ReaderProcess> | null;
  filesRead: number;
  /** Nothing was read since it was taken, or a whole file. */
  isClean: boolean;
}

/**
 * Has the seat's process read its file, and tells whether it may read another one.
 * @throws also `ReaderDied` where a process that has read others wanted more memory than it may: a fresh one may be content with less, and is asked next
 */
export async function* readIn(
  seat: Seat,
  begin: () => Promise<ReaderProcess>,
  options: ConfinedReadOptions,
): AsyncGenerator<ResultBatch, ResultRead> {
  const isFirst = seat.filesRead === 0;
  seat.filesRead += 1;
  seat.isClean = false;
  const reader = await begin();
  const read = yield* reader.read(options);
  const { outcome } = read;
  if (!isFirst && outcome.kind === 'unreadable' && outcome.code === 'too_much_memory')
    throw new ReaderDied('it wanted more memory than it may have, after other files');
  seat.isClean = outcome.kind === 'read' && read.rests;
  return read;
}

/** An empty file, and nothing that reads it yet. */
export async function openSeat(whose: string): Promise<Seat> {
  const file = await openNamelessFile(tmpdir());
  try {
    const shown = await openToRead(file);
    return { whose, file, shown, starting: null, filesRead: 0, isClean: true };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The file once more, with a place of its own and no right to write. Elsewhere than on Linux nothing names it, and no process is kept for a second file. */
async function openToRead(file: FileHandle): Promise<FileHandle> {
  return process.platform === 'linux' ? await open(`/proc/self/fd/${file.fd}`, 'r') : file;
}

/** Ends what reads it, and waits until it is gone. */
export async function endSeat({ starting, shown, file }: Seat): Promise<void> {
  const started = await starting?.catch(() => null);
  await started?.[Symbol.asyncDispose]();
  if (shown !== file) await shown.close();
  await file.close();
}
