import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { openNamelessFile } from '@rollcall/spreadsheets';
import type { ResultBatch } from './result-batch.ts';
import {
  type ConfinedReadOptions,
  confinedReader,
  ReaderDied,
  type ReaderLimits,
  type ReaderProcess,
  type ResultRead,
  type ResultReader,
  startResultReader,
} from './start-result-reader.ts';

/** Whose file it is: what one of them wrote never comes to a process that reads another's. */
export interface FilesOf {
  readonly tenantId: number;
  readonly account: string;
}

/** A process for one file, and the file that it reads. Given back by its disposal, in any case (`await using`). */
export interface ReaderOfFile extends ResultReader {
  /** Empty, to be written by place from 0 on: the process can only read it. */
  readonly file: FileHandle;
  /** Starts the process, where none was kept, so that it is there when `read` is called: 0.1 s. */
  begin(): void;
}

/** The processes that read result files, some of them kept for the next file of the same tenant and account. */
export interface ResultReaders {
  /** @param isFresh whether it has to be a process that has read nothing: another one died with the file in its hands */
  take(whose: FilesOf, isFresh: boolean): Promise<ReaderOfFile>;
  /** Ends those that are kept, and waits until they are gone; the ones in use end when they are given back. */
  close(): Promise<void>;
}

/** How long and how many are kept, and what each may have for it. */
export interface KeepLimits {
  readonly idle_ms: number;
  readonly idleReaders: number;
  /** So that what a file may have left behind is there for no more files than this. */
  readonly filesOfEach: number;
  readonly atRest: NonNullable<ReaderLimits['atRest']>;
}

const mebibyte = 1_048_576;
const keepLimits: KeepLimits = {
  // Behind a file of 50,000 rows comes a second in which they are stored, and then the next.
  idle_ms: 3_000,
  idleReaders: 4,
  filesOfEach: 100,
  atRest: {
    // A file of 300,000 rows leaves 82 MiB, and the next one needs what it needs beside them.
    memory_bytes: 96 * mebibyte,
    // A tenth of what the kernel ends it at.
    processorTime_ms: 60_000,
  },
};

/**
 * A process that has read a file to its end may read the next one of the same tenant and account, and no other (`docs/decisions/0032`). It owns the files
 * that it has open, so that the next result is written where the last one was.
 * @param limits those of the product where not given
 * @param program as for `startResultReader`
 */
export function openResultReaders(
  limits: Partial<KeepLimits> = {},
  program = confinedReader,
): ResultReaders {
  return new KeptReaders({ ...keepLimits, ...limits }, program);
}

/** A file, the process that has it open once it was begun, and what became of both. */
interface Seat {
  readonly whose: string;
  readonly file: FileHandle;
  /** The same file for the process, which cannot write through it. */
  readonly shown: FileHandle;
  starting: Promise<ReaderProcess> | null;
  filesRead: number;
  /** Nothing was read since it was taken, or a whole file. */
  isClean: boolean;
}

class KeptReaders implements ResultReaders {
  readonly #limits: KeepLimits;
  readonly #program: string;
  /** The one that was given back last is last. */
  readonly #idle: { readonly seat: Seat; readonly timer: NodeJS.Timeout }[] = [];
  readonly #ending = new Set<Promise<void>>();
  #isClosed = false;

  constructor(limits: KeepLimits, program: string) {
    this.#limits = limits;
    this.#program = program;
  }

  async take({ tenantId, account }: FilesOf, isFresh: boolean): Promise<ReaderOfFile> {
    const whose = `${tenantId} ${account}`;
    const kept = isFresh ? null : await this.#takeKept(whose);
    const seat = kept ?? (await openSeat(whose));
    const begin = (): Promise<ReaderProcess> => {
      seat.starting ??= startResultReader(
        seat.shown.fd,
        { atRest: this.#limits.atRest },
        this.#program,
      );
      // Whoever reads is told.
      seat.starting.catch(() => undefined);
      return seat.starting;
    };
    let isTaken = true;
    return {
      file: seat.file,
      begin: () => void begin(),
      read: (options) => readIn(seat, begin, options),
      [Symbol.asyncDispose]: async () => {
        if (isTaken) {
          isTaken = false;
          await this.#giveBack(seat);
        }
      },
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#idle].map(({ seat }) => this.#end(seat)));
    await Promise.all(this.#ending);
  }

  async #takeKept(whose: string): Promise<Seat | null> {
    for (;;) {
      const found = this.#idle.findLast(({ seat }) => seat.whose === whose);
      if (found === undefined) return null;
      this.#leaveIdle(found.seat);
      const reader = await found.seat.starting?.catch(() => null);
      if (reader?.isThere() === true) return found.seat;
      await this.#end(found.seat);
    }
  }

  async #giveBack(seat: Seat): Promise<void> {
    const isKept =
      seat.isClean && seat.starting !== null && seat.filesRead < this.#limits.filesOfEach;
    if (!isKept) return await this.#end(seat);
    try {
      await seat.file.truncate();
    } catch {
      return await this.#end(seat);
    }
    if (this.#isClosed) return await this.#end(seat);
    const timer = setTimeout(() => {
      // A file that nobody reads again has nothing to lose.
      this.#end(seat).catch(() => undefined);
    }, this.#limits.idle_ms);
    timer.unref();
    this.#idle.push({ seat, timer });
    const longest = this.#idle[0];
    if (this.#idle.length > this.#limits.idleReaders && longest) await this.#end(longest.seat);
  }

  #leaveIdle(seat: Seat): void {
    const at = this.#idle.findIndex((each) => each.seat === seat);
    if (at >= 0) clearTimeout(this.#idle.splice(at, 1)[0]?.timer);
  }

  async #end(seat: Seat): Promise<void> {
    this.#leaveIdle(seat);
    const ending = endSeat(seat);
    this.#ending.add(ending);
    try {
      await ending;
    } finally {
      this.#ending.delete(ending);
    }
  }
}

/** @throws also `ReaderDied` where a process that has read others wanted more memory than it may: a fresh one may be content with less, and is asked next */
async function* readIn(
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

async function openSeat(whose: string): Promise<Seat> {
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

async function endSeat({ starting, shown, file }: Seat): Promise<void> {
  const started = await starting?.catch(() => null);
  await started?.[Symbol.asyncDispose]();
  if (shown !== file) await shown.close();
  await file.close();
}
