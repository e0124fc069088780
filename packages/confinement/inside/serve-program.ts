import { readSync, writeSync } from 'node:fs';
import type { ConfinedProgram } from '../program-sources.ts';

// What a confined process does once its program is there, however it came there (run-program.ts, ../program-snapshot.ts). Frames are a
// length (UInt32LE, of what follows), a kind (one byte) and bytes; a request has no kind.

const message = 0;
const ended = 1;
const failed = 2;

/**
 * Takes away what is not for a program, hands it one request after the other and writes what it says. It ends where whoever started it has, or
 * where the program throws: then it is not known what is left of it.
 * @param language the names that the language itself makes global
 */
export async function serveProgram(
  run: ConfinedProgram['run'],
  language: readonly string[],
): Promise<void> {
  takeAway(language);
  try {
    for (;;) {
      const request: unknown = JSON.parse(readFrame().toString());
      for await (const bytes of run(request)) writeFrame(message, bytes);
      // What was closed is let go, which would wait for the next request.
      await new Promise((resolve) => setImmediate(resolve));
      writeFrame(ended, new Uint8Array());
    }
  } catch (error) {
    writeFrame(failed, Buffer.from(JSON.stringify(describe(error))));
  }
  // At once, whatever was left open.
  process.exit(0);
}

/** The next frame from outside, waited for in the kernel: a process at rest does nothing. It ends when whoever started us has. */
function readFrame(): Buffer {
  const length = readWhole(4).readUInt32LE();
  return readWhole(length);
}

function readWhole(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length; ) {
    const count = readSync(0, bytes, filled, length - filled, null);
    if (count === 0) process.exit(0);
    filled += count;
  }
  return bytes;
}

/** Waits where nobody takes it: standard output is a pipe that blocks. */
function writeFrame(kind: number, bytes: Uint8Array): void {
  const head = Buffer.allocUnsafe(5);
  head.writeUInt32LE(bytes.length + 1);
  head[4] = kind;
  writeWhole(head);
  writeWhole(bytes);
}

function writeWhole(bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; )
    written += writeSync(1, bytes, written, bytes.length - written);
}

function describe(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: typeof error };
  const { code, syscall } = error as NodeJS.ErrnoException;
  return { name: error.name, message: error.message, stack: error.stack, code, syscall };
}

/** What the program uses of it, and what Node's own streams, timers and last words do. */
const ofProcess = new Set([
  ...['abort', 'cwd', 'emitWarning', 'env', 'exit', 'exitCode', 'nextTick', 'platform', 'ppid'],
  ...['reallyExit', 'version', 'versions', '_exiting', '_fatalException', '_tickCallback'],
  ...['domain', '_events', '_eventsCount', '_maxListeners'],
  // They cannot be taken away, and only say something.
  ...['argv0', 'features', 'permission'],
]);

/**
 * What needs no import is taken away, save what is named here: to a text that it is given Node hands all of its modules as globals, `net` and
 * `inspector` among them (24 has no permission for the network, 25 has), and `process` can signal other processes of this user and open
 * their debuggers. A list of what goes would miss what the next version brings.
 */
function takeAway(language: readonly string[]): void {
  const globals = new Set([
    ...language.filter((name) => name !== 'WebAssembly'),
    ...['Buffer', 'process', 'setImmediate', 'setInterval', 'setTimeout'],
    ...['clearImmediate', 'clearInterval', 'clearTimeout'],
  ]);
  // oxlint-disable-next-line no-restricted-globals -- there is no other way to take a global away
  keepOnly(globals, globalThis);
  // oxlint-disable-next-line house/objects -- the same
  keepOnly(ofProcess, process);
}

/** @throws where something else cannot be taken away */
function keepOnly(kept: ReadonlySet<string>, owner: object): void {
  for (const name of Object.getOwnPropertyNames(owner))
    if (!kept.has(name) && !Reflect.deleteProperty(owner, name))
      throw new Error(`${name} cannot be taken from a confined program`);
}
