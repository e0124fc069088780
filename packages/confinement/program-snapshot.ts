import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { runInNewContext } from 'node:vm';
import { linkModules } from './link-modules.ts';
import { type LoadedModules, programSources } from './program-sources.ts';

/** By the path of the program. The file has no name, is ours alone, and is gone with this process, however that ends. */
const prepared = new Map<string, FileHandle>();

/**
 * Loads a program once, in a process of its own, and keeps the heap that it then has (a startup snapshot of V8, 8 MB): a confined process that begins
 * with that heap neither compiles nor runs the 70 modules again. Until it is there, and where it cannot be had, processes start from
 * the text of the modules, which does the same and takes longer.
 * @param program the path of its module
 * @param file an empty file without a name, which is ours to keep from here on
 * @throws where no snapshot could be made; `file` is closed then
 */
export async function prepareProgram(program: string, file: FileHandle): Promise<void> {
  try {
    const sources = await programSources(program);
    await makeSnapshot(snapshotScript(sources.program), file);
    await prepared.get(program)?.close();
    prepared.set(program, file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The snapshot of a program that was prepared, as a descriptor for whoever is to start from it. */
export function snapshotOf(program: string): number | null {
  return prepared.get(program)?.fd ?? null;
}

/** Where a process finds a file of its parent that has no name. Opened again there, each has a place of its own in it. */
export function pathOfDescriptor(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/** The file has the script first, which Node has read before it writes the snapshot over it: nothing of this has a name. */
async function makeSnapshot(script: string, file: FileHandle): Promise<void> {
  if (process.platform !== 'linux') throw new Error('only Linux names open files by a path');
  await file.writeFile(script);
  const path = pathOfDescriptor(3);
  const flags = ['--no-warnings', `--snapshot-blob=${path}`, '--build-snapshot', path];
  const child = spawn(process.execPath, flags, {
    env: {},
    stdio: ['ignore', 'ignore', 'pipe', file.fd],
  });
  const ended = once(child, 'close');
  const said = child.stderr === null ? '' : await text(child.stderr);
  await ended;
  if (child.exitCode !== 0) throw new Error(`a program could not be kept: ${said.slice(0, 500)}`);
}

/**
 * Begins by closing the snapshot, whose descriptor is the last argument: the program is to have the files that it was given, and no other.
 * The names that the language makes global are asked for here, since a heap with a second context cannot be kept.
 */
function snapshotScript(program: LoadedModules): string {
  const language: unknown = runInNewContext('Object.getOwnPropertyNames(globalThis)');
  return `'use strict';
${linkModules(program)}
const { serveProgram } = load(${JSON.stringify(program.server)});
const { run } = load(${JSON.stringify(program.program)});
const { closeSync } = require('node:fs');
require('node:v8').startupSnapshot.setDeserializeMainFunction(() => {
  closeSync(Number(process.argv.at(-1)));
  void serveProgram(run, ${JSON.stringify(language)});
});
`;
}
