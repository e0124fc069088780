// What the confined process begins with: given to Node as text (`--eval`), so that the process needs no right to read any file. It imports
// nothing of ours. Frames are a length (UInt32LE, of what follows), a kind (one byte) and bytes, in both directions.

import { readSync, writeSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { runInNewContext } from 'node:vm';
import type { ConfinedProgram, LoadedModules } from '../program-sources.ts';

const message = 0;
const ended = 1;
const failed = 2;

/** The next frame from outside. It ends when whoever started us has. */
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

const { program, modules, resolved } = JSON.parse(readFrame().toString()) as LoadedModules;
registerHooks({
  // What the program did not import when we looked is not there: no sockets, no processes, no threads.
  resolve(specifier, context) {
    const url =
      specifier === program ? program : resolved[`${context.parentURL ?? ''} ${specifier}`];
    if (url === undefined) throw new Error(`${specifier} is not for a confined program`);
    return { url, format: modules[url]?.format ?? 'builtin', shortCircuit: true };
  },
  load(url, context, next) {
    const module = modules[url];
    return module === undefined ? next(url, context) : { ...module, shortCircuit: true };
  },
});
// What needs no import is taken away, save what is named here: to a text that it is given Node hands all of its modules as globals, `net` and
// `inspector` among them (24 has no permission for the network, 25 has), and `process` can signal other processes of this user and open
// their debuggers. A list of what goes would miss what the next version brings.
const language: readonly string[] = runInNewContext('Object.getOwnPropertyNames(globalThis)');
const globals = new Set([
  ...language.filter((name) => name !== 'WebAssembly'),
  ...['Buffer', 'process', 'setImmediate', 'setInterval', 'setTimeout'],
  ...['clearImmediate', 'clearInterval', 'clearTimeout'],
]);
/** What the program uses of it, and what Node's own streams, timers and last words do. */
const ofProcess = new Set([
  ...['abort', 'cwd', 'emitWarning', 'env', 'exit', 'exitCode', 'nextTick', 'platform', 'ppid'],
  ...['reallyExit', 'version', 'versions', '_exiting', '_fatalException', '_tickCallback'],
  ...['domain', '_events', '_eventsCount', '_maxListeners'],
  // They cannot be taken away, and only say something.
  ...['argv0', 'features', 'permission'],
]);
// oxlint-disable-next-line no-restricted-globals -- there is no other way to take a global away
keepOnly(globals, globalThis);
// oxlint-disable-next-line house/objects -- the same
keepOnly(ofProcess, process);

/** @throws where something else cannot be taken away */
function keepOnly(kept: ReadonlySet<string>, owner: object): void {
  for (const name of Object.getOwnPropertyNames(owner))
    if (!kept.has(name) && !Reflect.deleteProperty(owner, name))
      throw new Error(`${name} cannot be taken from a confined program`);
}

const { run } = (await import(program)) as ConfinedProgram;
const request: unknown = JSON.parse(readFrame().toString());
try {
  for await (const bytes of run(request)) writeFrame(message, bytes);
  writeFrame(ended, new Uint8Array());
} catch (error) {
  writeFrame(failed, Buffer.from(JSON.stringify(describe(error))));
}
// At once, whatever was left open.
process.exit(0);
