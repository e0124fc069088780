import type { FileHandle } from 'node:fs/promises';
import { endSeat, openSeat, readIn, type Seat } from './reader-seat.ts';
import {
  confinedReader,
  type ReaderLimits,
  type ReaderProcess,
  type ResultReader,
  startResultReader,
} from './start-result-reader.ts';

/** Whose file it is: what one of them wrote never comes to a process that reads another's. */
export interface FilesOf {
  readonly tenantId: number;
  readonly account: string;
  /** Of its chunk: how long it will take. */
  readonly numbers: number;
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
  /** So many small files of a tenant and account are read at once; the next one waits so long for one of those processes, before it has one of its own. */
  readonly smallAtOnce: number;
  readonly patience_ms: number;
  /** So that what a file may have left behind is there for no more files than this. */
  readonly filesOfEach: number;
  readonly atRest: NonNullable<ReaderLimits['atRest']>;
}

const mebibyte = 1_048_576;
/** A file of more takes longer than the start of a process, so that none waits for it, nor it for another. */
export const smallFile_numbers = 20_000;
const keepLimits: KeepLimits = {
  // Behind a file of 50,000 rows comes a second in which they are stored; where the slots of an account are filled at once, its files come at once, every few seconds.
  idle_ms: 15_000,
  idleReaders: 6,
  // Eight files that come at once had four processes, of which three were started, and went where another account's came. With 4 workers and 4 accounts that were 47 of 187 ms
  // of the processor for each chunk, and 10 with this; one at once took a tenth of the steps of a single account.
  smallAtOnce: 2,
  patience_ms: 2_000,
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

/** A file that was taken up and is not through. */
interface Work {
  readonly whose: string;
  readonly isSmall: boolean;
}

/** A file that waits for a process at work; null: it shall have one of its own. */
interface Waiter {
  readonly whose: string;
  readonly take: (seat: Seat | null) => void;
}

class KeptReaders implements ResultReaders {
  readonly #limits: KeepLimits;
  readonly #program: string;
  /** The one that was given back last is last. */
  readonly #idle: { readonly seat: Seat; readonly timer: NodeJS.Timeout }[] = [];
  /** Those that wait for a process are among them. */
  readonly #busy: Work[] = [];
  readonly #waiting: Waiter[] = [];
  readonly #ending = new Set<Promise<void>>();
  #isClosed = false;

  constructor(limits: KeepLimits, program: string) {
    this.#limits = limits;
    this.#program = program;
  }

  async take(file: FilesOf, isFresh: boolean): Promise<ReaderOfFile> {
    const work = {
      whose: `${file.tenantId} ${file.account}`,
      isSmall: file.numbers <= smallFile_numbers,
    };
    const alike = this.#busy.filter(({ whose, isSmall }) => whose === work.whose && isSmall);
    const waits = work.isSmall && alike.length >= this.#limits.smallAtOnce;
    // At once: who comes in the same moment is to wait for this one, and not to start one more.
    this.#busy.push(work);
    try {
      const kept = isFresh ? null : await this.#takeKept(work.whose, waits);
      return this.#inHand(kept ?? (await openSeat(work.whose)), work);
    } catch (error) {
      await this.#leave(work, null);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#idle].map(({ seat }) => this.#end(seat)));
    await Promise.all(this.#ending);
  }

  #inHand(seat: Seat, work: Work): ReaderOfFile {
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
        if (!isTaken) return;
        isTaken = false;
        const isKept = await this.#isToBeKept(seat);
        await this.#leave(work, isKept ? seat : null);
        if (!isKept) await this.#end(seat);
      },
    };
  }

  async #takeKept(whose: string, waits: boolean): Promise<Seat | null> {
    for (let idle = this.#takeIdle(whose); idle !== null; idle = this.#takeIdle(whose)) {
      if (await this.#isThere(idle)) return idle;
    }
    const seat = waits ? await this.#oneAtWork(whose) : null;
    return seat !== null && (await this.#isThere(seat)) ? seat : null;
  }

  /** Ends what is not. */
  async #isThere(seat: Seat): Promise<boolean> {
    const reader = await seat.starting?.catch(() => null);
    if (reader?.isThere() === true) return true;
    await this.#end(seat);
    return false;
  }

  #takeIdle(whose: string): Seat | null {
    const found = this.#idle.findLast(({ seat }) => seat.whose === whose);
    if (found !== undefined) this.#leaveIdle(found.seat);
    return found?.seat ?? null;
  }

  /** The next one of those at work that is given back. Null: none in that time, or one has ended. */
  async #oneAtWork(whose: string): Promise<Seat | null> {
    return await new Promise((resolve) => {
      const take = (seat: Seat | null): void => {
        clearTimeout(timer);
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        resolve(seat);
      };
      const waiter = { whose, take };
      const timer = setTimeout(take, this.#limits.patience_ms, null);
      this.#waiting.push(waiter);
    });
  }

  /** A file is through. `seat`: what read it, for the next one; null: it is gone, and whoever waited for it shall have one of his own. */
  async #leave(work: Work, seat: Seat | null): Promise<void> {
    this.#busy.splice(this.#busy.indexOf(work), 1);
    const waiter = this.#waiting.find(({ whose }) => whose === work.whose);
    if (waiter !== undefined) waiter.take(seat);
    else if (seat !== null) await this.#rest(seat);
  }

  async #isToBeKept({ isClean, starting, filesRead, file }: Seat): Promise<boolean> {
    if (!isClean || starting === null || filesRead >= this.#limits.filesOfEach) return false;
    try {
      await file.truncate();
    } catch {
      return false;
    }
    return !this.#isClosed;
  }

  async #rest(seat: Seat): Promise<void> {
    const timer = setTimeout(() => {
      // A file that nobody reads again has nothing to lose.
      this.#end(seat).catch(() => undefined);
    }, this.#limits.idle_ms);
    timer.unref();
    this.#idle.push({ seat, timer });
    if (this.#idle.length <= this.#limits.idleReaders) return;
    // One of several for the same files before the last one for any: of four accounts whose files come in bursts each would find none of its own.
    const isDouble = (one: Seat) =>
      this.#idle.some((other) => other.seat !== one && other.seat.whose === one.whose);
    const next = this.#idle.find((each) => isDouble(each.seat)) ?? this.#idle[0];
    if (next !== undefined) await this.#end(next.seat);
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
