import { fstat as fstatCallback, read as readCallback, write as writeCallback } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  type ConfinedEnd,
  type ConfinedUsage,
  type ConfinementLimits,
  confine,
  prepareProgram,
  processorTimeFor_ms,
  type RestLimits,
} from '@rollcall/confinement';
import { openNamelessFile } from '@rollcall/spreadsheets';
import { BatchBounds } from './batch-bounds.ts';
import { decodeBatch } from './batch-message.ts';
import { batchMessage, outcomeMessage } from './confined-reader.ts';
import { displayMessage } from './display-text.ts';
import { decodeOutcome } from './outcome-message.ts';
import type { ReadResultOptions } from './read-context.ts';
import type { ResultBatch } from './result-batch.ts';
import type { ResultOutcome } from './result-outcome.ts';
import { type WriteAt, writeWhole } from './spill-member.ts';

const stat = promisify(fstatCallback);
const readFile = promisify(readCallback);
const writeFile = promisify(writeCallback);
export const confinedReader = join(import.meta.dirname, 'confined-reader.ts');

/** A file that was read, and what its reading took. */
export interface ResultRead {
  readonly outcome: ResultOutcome;
  readonly usage: ConfinedUsage;
  /** Its process is still there, for another file. */
  readonly rests: boolean;
}

/** The process that read a file ended without a word. It says nothing of the disk or of us: the file may have done it. */
export class ReaderDied extends Error {
  constructor(how: string) {
    super(`the process that read a result file ended: ${how}`);
    this.name = 'ReaderDied';
  }
}

const stackMax = 8_000;

/** It threw: a bug of ours, or what a file made it throw. Of its words only those that a log may hold, and no code that decides anything. */
class ReaderFailed extends Error {
  constructor({ name, message, stack = '' }: Error) {
    super(`the process that reads result files threw: ${displayMessage(`${name}: ${message}`)}`);
    this.name = 'ReaderFailed';
    const calls = stack
      .slice(0, stackMax)
      .split('\n')
      .filter((line) => /^\s+at /.test(line));
    this.stack = [
      `${this.name}: ${this.message}`,
      ...calls.map((call) => displayMessage(call)),
    ].join('\n');
  }
}

/** A process that reads a file, confined to it. */
export interface ResultReader {
  /**
   * As `readResult`: batches as fast as they are taken, and **only the outcome says whether they count**. Beside what `readResult` says of a
   * file, one may be `too_much_memory` or `took_too_long`. Throws `ReaderDied`, what is wrong with the disk where this process finds it too, and what is our fault.
   */
  read(options: ConfinedReadOptions): AsyncGenerator<ResultBatch, ResultRead>;
  /** Ends the process, whatever it does, and waits until it is gone. To be called in any case (`await using`). */
  [Symbol.asyncDispose](): Promise<void>;
}

export type ConfinedReadOptions = Omit<ReadResultOptions, 'spill'>;

/**
 * Makes what readers start from once, so that each takes a quarter less of the processor to begin. To be called where a process begins that will
 * read many files; it takes a second of the processor, and readers that start meanwhile start as they do without it.
 * @throws where it cannot be had; nothing else is lost by that
 */
export async function prepareResultReaders(program = confinedReader): Promise<void> {
  await prepareProgram(program, await openNamelessFile(tmpdir()));
}

/** One that can read again what was written into its file anew, where it `rests` and `isThere`. */
export interface ReaderProcess extends ResultReader {
  isThere(): boolean;
}

export interface ReaderLimits extends Partial<ConfinementLimits> {
  /** Lets its process rest behind a whole answer, within these; absent: it ends with its file. */
  readonly atRest?: RestLimits;
}

/**
 * Starts a process for the file of a descriptor, which may still be written meanwhile: that is the 0.1 s in which it starts. The descriptor stays the
 * caller's to close, after this.
 * @param limits those of `docs/hostile-files.md` where not given
 * @param program the one that reads; another is for tests of what becomes of a process that is not itself any more
 */
export async function startResultReader(
  fd: number,
  limits: ReaderLimits = {},
  program = confinedReader,
): Promise<ReaderProcess> {
  const spill = await openNamelessFile(tmpdir());
  const confined = confine(program, [fd, spill.fd], limits.memory_bytes);
  return {
    async *read(options) {
      const { size } = await stat(fd);
      const processorTime_ms = limits.processorTime_ms ?? processorTimeFor_ms(size);
      const { atRest } = limits;
      const messages = confined.run(options, { processorTime_ms, ...(atRest && { atRest }) });
      const came = new BatchBounds(options.limits);
      let outcome: ResultOutcome | null = null;
      for (;;) {
        const step = await messages.next();
        if (step.done === true) {
          if (step.value.kind === 'failed') await findFault(fd, spill.fd);
          const said = outcomeOf(step.value, outcome);
          const rests = step.value.kind === 'ended' && step.value.rests;
          // What was inflated of this file is not there for the next.
          if (rests) await spill.truncate();
          return { outcome: said, usage: step.value.usage, rests };
        }
        const kind = step.value[0];
        const bytes = step.value.subarray(1);
        if (outcome === null && kind === batchMessage)
          yield understood(() => decodeBatch(bytes, came));
        else if (outcome === null && kind === outcomeMessage)
          outcome = understood(() => decodeOutcome(bytes, came));
        else throw new ReaderDied('it said what is neither batch nor outcome');
      }
    },
    isThere: () => confined.isThere(),
    async [Symbol.asyncDispose]() {
      await confined.close();
      await spill.close();
    },
  };
}

/** A process that says what its program does not is not itself any more, whatever its file did to it. */
function understood<Said>(read: () => Said): Said {
  try {
    return read();
  } catch {
    throw new ReaderDied('it said what its program does not');
  }
}

function outcomeOf(end: ConfinedEnd, said: ResultOutcome | null): ResultOutcome {
  switch (end.kind) {
    case 'ended':
      if (said === null) throw new ReaderDied('before it said how the file is');
      return said;
    case 'failed':
      throw new ReaderFailed(end.error);
    case 'died':
      throw new ReaderDied(end.how);
    case 'exceeded': {
      const [code, message] =
        end.what === 'memory'
          ? (['too_much_memory', 'takes more memory to read than a file may'] as const)
          : (['took_too_long', 'takes longer to read than a file of its size may'] as const);
      return { kind: 'unreadable', code, message, member: null, row: null };
    }
  }
}

const probe_bytes = 65_536;

/**
 * Throws what is wrong with the files that the process was given, where that is so: it is looked for here, for a process that a file has
 * taken over may say `ENOSPC` for ever, and a full disk costs a file none of its tries.
 */
async function findFault(fd: number, spillFd: number): Promise<void> {
  await readFile(fd, Buffer.alloc(1), 0, 1, 0);
  const { size } = await stat(spillFd);
  const write: WriteAt = (...at) => writeFile(spillFd, ...at);
  await writeWhole(write, Buffer.alloc(probe_bytes, 1), size);
}
