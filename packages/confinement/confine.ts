import { Conversation, type RestLimits } from './conversation.ts';
import { BrokenFrame, type FrameReader, inFrame } from './frames.ts';
import { type ConfinementLimits, memoryMax_bytes } from './limits.ts';
import { saidOutOfMemory, type Started, start } from './start-confined.ts';
import type { Watch } from './watch-over.ts';
import type { ProcessUse } from './watch-process.ts';

export type ConfinedUsage = ProcessUse;

/** How a confined program ended, or its answer to one request of several. */
export type ConfinedEnd = {
  readonly usage: ConfinedUsage;
} /** `rests`: it is still there, for another request. */ & (
  | { readonly kind: 'ended'; readonly rests: boolean }
  /** It threw: the disk's fault, or ours. */
  | { readonly kind: 'failed'; readonly error: Error }
  /** It wanted more than it may use, and was killed. */
  | { readonly kind: 'exceeded'; readonly what: 'memory' | 'time' }
  /** It ended without a word: by a signal, by the kernel, or by what it read. */
  | { readonly kind: 'died'; readonly how: string }
);

/** What one request may take, and what the process may have for it to be kept. */
export interface RequestLimits extends Pick<ConfinementLimits, 'processorTime_ms'> {
  /** Lets it wait for another request behind a whole answer, within these. Only Linux tells; elsewhere none is kept. */
  readonly atRest?: RestLimits;
}

/** A process that is there for one request, or for one after another. */
export interface Confined {
  /**
   * Hands the request over and gives the program's messages, as fast as they are taken. Left early, or without `rests`, it ends the process. What it
   * uses is counted for each request by itself.
   * @param request plain values
   */
  run(request: unknown, limits: RequestLimits): AsyncGenerator<Buffer, ConfinedEnd>;
  /** False once the process is known to be gone: what asks it then is told that it died. */
  isThere(): boolean;
  /** Ends the process, whatever it does; nothing is left of it then. */
  close(): Promise<void>;
}

/**
 * Starts a process that has nothing but a program and some open files: no environment, no right to the file system, to processes or to
 * threads, no network where the machine can take it away. It is ended when its memory or its processor time is used up, when it has
 * answered and is not to rest, when it is left, and when this process ends, killed or not. (`docs/decisions/0021`.)
 *
 * @param program the path of a module that exports `run` (`ConfinedProgram`), which sees the files as descriptors 3, 4, …
 * @param files open descriptors; they have to stay open until the process is there for its first message, or `close` returned
 */
export function confine(
  program: string,
  files: readonly number[],
  memory_bytes: number = memoryMax_bytes,
): Confined {
  let talk: Conversation | null = null;
  let couldStart = true;
  const starting = start(program, files).then((child) => {
    talk = new Conversation(child);
    return { child, talk };
  });
  // Whoever runs it is told; who only closes it need not know.
  starting.catch(() => {
    couldStart = false;
  });
  return {
    async *run(request, { processorTime_ms, atRest }) {
      const started = await starting;
      let rests = false;
      try {
        const asked = inFrame(JSON.stringify(request));
        const end = yield* listen(started, asked, { memory_bytes, processorTime_ms });
        if (end.kind !== 'ended' || atRest === undefined) return end;
        rests = started.talk.rest(atRest, memory_bytes);
        return { ...end, rests };
      } finally {
        if (!rests) await started.talk.close();
      }
    },
    isThere: () => couldStart && (talk === null || talk.isThere),
    async close() {
      const started = await starting.catch(() => null);
      await started?.talk.close();
    },
  };
}

interface Talking {
  readonly child: Started;
  readonly talk: Conversation;
}

async function* listen(
  { child, talk }: Talking,
  request: Buffer,
  limits: ConfinementLimits,
): AsyncGenerator<Buffer, ConfinedEnd> {
  if (!talk.isThere) return { kind: 'died', how: 'not itself', usage: nothing };
  const watch = talk.ask(request, limits);
  try {
    for (;;) {
      const piece = await talk.next();
      if (piece.done === true) break;
      watch.hears();
      const last = yield* understand(talk.frames, piece.value, watch);
      watch.waits();
      if (last !== null) return last;
    }
    const how = await talk.end();
    const usage = watch.look();
    const what = watch.exceeded() ?? (saidOutOfMemory(child) ? 'memory' : null);
    if (what !== null) return { kind: 'exceeded', what, usage };
    return { kind: 'died', how, usage };
  } catch (error) {
    if (!(error instanceof BrokenFrame)) throw error;
    return { kind: 'died', how: 'not itself', usage: watch.look() };
  } finally {
    watch.end();
  }
}

const nothing: ConfinedUsage = { peak_bytes: 0, processorTime_ms: 0 };

/** The messages of a piece, and its end where it has that, which is the last that it says to one request. */
async function* understand(
  frames: FrameReader,
  piece: Buffer,
  watch: Watch,
): AsyncGenerator<Buffer, ConfinedEnd | null> {
  let last: ConfinedEnd | null = null;
  for (const frame of frames.read(piece)) {
    if (last !== null) throw new BrokenFrame();
    if (frame.kind === 'message') yield frame.bytes;
    else if (frame.kind === 'ended') last = { kind: 'ended', rests: false, usage: watch.look() };
    else last = { kind: 'failed', error: asError(frame.bytes), usage: watch.look() };
  }
  if (last !== null && !frames.isBetween) throw new BrokenFrame();
  return last;
}

/** The error that the program met, with what tells a full disk from a bug. */
function asError(bytes: Buffer): Error {
  const told = parsed(bytes);
  const given = typeof told === 'object' && told !== null ? told : {};
  const text = (name: string): string | undefined => {
    const value: unknown = Object.getOwnPropertyDescriptor(given, name)?.value;
    return typeof value === 'string' ? value : undefined;
  };
  const error = new Error(text('message') ?? 'a confined process failed');
  error.name = text('name') ?? 'Error';
  const stack = text('stack');
  if (stack !== undefined) error.stack = stack;
  const code = text('code');
  return code === undefined ? error : Object.assign(error, { code });
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw new BrokenFrame();
  }
}
