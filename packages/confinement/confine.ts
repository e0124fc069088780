import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { BrokenFrame, FrameReader, inFrame } from './frames.ts';
import { type ConfinementLimits, memoryMax_bytes } from './limits.ts';
import { pathOfDescriptor, snapshotOf } from './program-snapshot.ts';
import { programSources } from './program-sources.ts';
import { wallsOfThisMachine } from './walls.ts';
import { lookAtProcess, type ProcessUse } from './watch-process.ts';

export type ConfinedUsage = ProcessUse;

/** How a confined program ended. */
export type ConfinedEnd = { readonly usage: ConfinedUsage } & (
  | { readonly kind: 'ended' }
  /** It threw: the disk's fault, or ours. */
  | { readonly kind: 'failed'; readonly error: Error }
  /** It wanted more than it may use, and was killed. */
  | { readonly kind: 'exceeded'; readonly what: 'memory' | 'time' }
  /** It ended without a word: by a signal, by the kernel, or by what it read. */
  | { readonly kind: 'died'; readonly how: string }
);

/** A process that is there for one request. */
export interface Confined {
  /**
   * Hands the request over and gives the program's messages, as fast as they are taken. Left early, it ends the process.
   * @param request plain values
   */
  run(
    request: unknown,
    limits: Pick<ConfinementLimits, 'processorTime_ms'>,
  ): AsyncGenerator<Buffer, ConfinedEnd>;
  /** Ends the process, whatever it does; nothing is left of it then. */
  close(): Promise<void>;
}

/** How often it is looked at what the process uses: what it can take between two looks is 10 MB. On a busy machine a look comes late. */
const look_ms = 5;
/** It is killed before the limit, for what it takes until it is noticed: 43 MB were seen on a busy machine. The worst of the hostile files takes 134 MiB. */
const noticed_bytes = 50_331_648;
/** Where nobody is owed an answer, a process that uses no processor and says nothing is stuck. */
const waitPerProcessorTime = 10;

const heap_mebibytes = 96;
const flags = [
  // Nothing may be read, written, started or loaded but what is handed over open.
  '--permission',
  `--max-old-space-size=${heap_mebibytes}`,
  '--max-semi-space-size=8',
  '--disallow-code-generation-from-strings',
  '--no-warnings',
];

/**
 * What the kernel holds, should nobody be there to look: no core dump (it would hold personal data), processor time, the data of the process (V8
 * reserves some 550 MB without using them), and the size of what it writes. Numbers as `ulimit` takes them: seconds, KiB, blocks of 512 bytes.
 */
const hardLimits = 'ulimit -c 0; ulimit -t 600; ulimit -d 1048576; ulimit -f 4718592';
const replacedBy = `{ ${hardLimits}; } 2>/dev/null; unset PWD OLDPWD; exec "$@"`;

/**
 * Starts a process that has nothing but a program and some open files: no environment, no right to the file system, to processes or to
 * threads, no network where the machine can take it away. It is ended when its memory or its processor time is used up, when it has
 * answered, when it is left, and when this process ends, killed or not. (`docs/decisions/0021`.)
 *
 * @param program the path of a module that exports `run` (`ConfinedProgram`), which sees the files as descriptors 3, 4, …
 * @param files open descriptors; they have to stay open until `run` or `close` returns
 */
export function confine(
  program: string,
  files: readonly number[],
  memory_bytes: number = memoryMax_bytes,
): Confined {
  const starting = start(program, files);
  // Whoever runs it is told; who only closes it need not know.
  starting.catch(() => undefined);
  const close = async (): Promise<void> => {
    const started = await starting.catch(() => null);
    if (started !== null) await end(started);
  };
  return {
    async *run(request, { processorTime_ms }) {
      const child = await starting;
      try {
        child.stdin.write(inFrame(JSON.stringify(request)));
        return yield* listen(child, { memory_bytes, processorTime_ms });
      } finally {
        await end(child);
      }
    },
    close,
  };
}

type Started = ChildProcess & {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
};

/** What V8 and the kernel's refusals make it say at its end. Never shown: a stranger's bytes may be in it. */
const lastWords = new WeakMap<ChildProcess, string>();
const lastWordsMax = 4_096;
const outOfMemory = /out of memory|Allocation failed/i;

async function start(program: string, files: readonly number[]): Promise<Started> {
  const snapshot = snapshotOf(program);
  return snapshot === null
    ? await startFromText(program, files)
    : await startFromSnapshot(snapshot, files);
}

async function startFromText(program: string, files: readonly number[]): Promise<Started> {
  const sources = await programSources(program);
  const child = await spawnShut(['--input-type=module', '--eval', sources.start], files);
  child.stdin.write(inFrame(JSON.stringify(sources.program)));
  return child;
}

/** The snapshot comes behind the files of the program, which closes it (program-snapshot.ts). */
async function startFromSnapshot(snapshot: number, files: readonly number[]): Promise<Started> {
  const fd = firstFile + files.length;
  const beginning = `--snapshot-blob=${pathOfDescriptor(fd)}`;
  return await spawnShut([beginning, '--', String(fd)], [...files, snapshot]);
}

/** Behind the three that each process has. */
const firstFile = 3;

async function spawnShut(beginning: readonly string[], files: readonly number[]): Promise<Started> {
  const walls = await wallsOfThisMachine();
  const command = [...walls, process.execPath, ...flags, ...beginning];
  const child = spawn('/bin/sh', ['-c', replacedBy, 'sh', ...command], {
    cwd: '/',
    env: {},
    // A group of its own: an interrupt typed at a terminal is for us, who end it in order.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', ...files],
  }) as Started;
  // A process that died takes no more; its end says why.
  child.stdin.on('error', () => undefined);
  child.on('error', () => undefined);
  child.stderr.setEncoding('latin1').on('data', (text: string) => {
    lastWords.set(child, `${lastWords.get(child) ?? ''}${text}`.slice(-lastWordsMax));
  });
  if (child.pid === undefined) throw new Error('no process could be started');
  return child;
}

async function* listen(
  child: Started,
  limits: ConfinementLimits,
): AsyncGenerator<Buffer, ConfinedEnd> {
  const watch = watchOver(child, limits);
  const frames = new FrameReader();
  let last: ConfinedEnd | null = null;
  try {
    for await (const piece of child.stdout) {
      watch.hears();
      for (const frame of frames.read(piece as Buffer)) {
        if (frame.kind === 'message') yield frame.bytes;
        else {
          const usage = watch.look();
          last =
            frame.kind === 'ended'
              ? { kind: 'ended', usage }
              : { kind: 'failed', error: asError(frame.bytes), usage };
        }
      }
      watch.waits();
      if (last !== null) return last;
    }
    await exited(child);
    const usage = watch.look();
    const saysMemory = outOfMemory.test(lastWords.get(child) ?? '');
    const what = watch.exceeded() ?? (saysMemory ? 'memory' : null);
    if (what !== null) return { kind: 'exceeded', what, usage };
    return { kind: 'died', how: child.signalCode ?? `exit code ${child.exitCode}`, usage };
  } catch (error) {
    if (!(error instanceof BrokenFrame)) throw error;
    return { kind: 'died', how: 'not itself', usage: watch.look() };
  } finally {
    watch.end();
  }
}

/** Kills the process when it passes a limit. Of its waiting for us nothing is counted, nor of our own sleep. */
function watchOver(child: Started, limits: ConfinementLimits) {
  let usage: ConfinedUsage = { peak_bytes: 0, processorTime_ms: 0 };
  let exceeded: 'memory' | 'time' | null = null;
  let isAwaited = true;
  let awaited_ms = 0;

  function look(): ConfinedUsage {
    // Its number may be another's once it is gone.
    if (child.exitCode !== null || child.signalCode !== null) return usage;
    const now = lookAtProcess(child.pid ?? 0);
    usage = {
      peak_bytes: Math.max(usage.peak_bytes, now.peak_bytes),
      processorTime_ms: Math.max(usage.processorTime_ms, now.processorTime_ms),
    };
    return usage;
  }
  const timer = setInterval(() => {
    const { peak_bytes, processorTime_ms } = look();
    if (isAwaited) awaited_ms += look_ms;
    if (peak_bytes > limits.memory_bytes - noticed_bytes) exceeded ??= 'memory';
    else if (
      processorTime_ms > limits.processorTime_ms ||
      awaited_ms > limits.processorTime_ms * waitPerProcessorTime
    )
      exceeded ??= 'time';
    if (exceeded !== null) child.kill('SIGKILL');
  }, look_ms);
  return {
    look,
    exceeded: () => exceeded,
    hears() {
      isAwaited = false;
    },
    waits() {
      isAwaited = true;
    },
    end: () => clearInterval(timer),
  };
}

async function end(child: Started): Promise<void> {
  child.kill('SIGKILL');
  child.stdout.destroy();
  child.stderr.destroy();
  child.stdin.destroy();
  await exited(child);
}

async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
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
