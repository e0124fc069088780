// What the confined process begins with where there is no snapshot: given to Node as text (`--eval`), so that the process needs no right to read
// any file. It imports nothing of ours, but takes the modules of its program from standard input: a length (UInt32LE) and JSON.

import { readSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { runInNewContext } from 'node:vm';
import type { ConfinedProgram, LoadedModules } from '../program-sources.ts';
import type * as Server from './serve-program.ts';

function readWhole(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length; ) {
    const count = readSync(0, bytes, filled, length - filled, null);
    if (count === 0) process.exit(0);
    filled += count;
  }
  return bytes;
}

const text = readWhole(readWhole(4).readUInt32LE()).toString();
const { program, server, modules, resolved } = JSON.parse(text) as LoadedModules;
registerHooks({
  // What the program did not import when we looked is not there: no sockets, no processes, no threads.
  resolve(specifier, context) {
    const isBeginning = specifier === program || specifier === server;
    const url = isBeginning ? specifier : resolved[`${context.parentURL ?? ''} ${specifier}`];
    if (url === undefined) throw new Error(`${specifier} is not for a confined program`);
    return { url, format: modules[url]?.format ?? 'builtin', shortCircuit: true };
  },
  load(url, context, next) {
    const module = modules[url];
    return module === undefined ? next(url, context) : { ...module, shortCircuit: true };
  },
});
const language: readonly string[] = runInNewContext('Object.getOwnPropertyNames(globalThis)');
const { serveProgram } = (await import(server)) as typeof Server;
const { run } = (await import(program)) as ConfinedProgram;
await serveProgram(run, language);
