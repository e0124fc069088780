import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What a program that can be confined exports: a request in, messages out, in plain values and bytes. */
export interface ConfinedProgram {
  run(request: unknown): AsyncIterable<Uint8Array>;
}

/** Modules by their URL, as JavaScript, and which URL each import of each module led to (`<importer> <specifier>`). */
export interface LoadedModules {
  readonly program: string;
  /** What serves it (inside/serve-program.ts). */
  readonly server: string;
  readonly modules: Readonly<Record<string, { readonly format: string; readonly source: string }>>;
  readonly resolved: Readonly<Record<string, string>>;
}

/** All code of a confined process. */
export interface ProgramSources {
  /** What it begins with where there is no snapshot of it. */
  readonly start: string;
  readonly program: LoadedModules;
}

const collector = join(import.meta.dirname, 'inside/collect-sources.ts');
const sourceBytesMax = 16_777_216;
const collected = new Map<string, Promise<ProgramSources>>();

/**
 * Collects the code of a program once per process, in a process of its own: stripping the types of 70 modules takes half a second of CPU
 * and 40 MB, which every confined process would pay, beside the right to read them. From these sources one starts in 0.1 s of CPU, and
 * from a snapshot of them (program-snapshot.ts) in half of that.
 * @param program the path of its module
 */
export function programSources(program: string): Promise<ProgramSources> {
  const known = collected.get(program);
  if (known !== undefined) return known;
  const collecting = collect(program);
  collected.set(program, collecting);
  // A machine without memory or processes to spare may have them the next time.
  collecting.catch(() => collected.delete(program));
  return collecting;
}

async function collect(program: string): Promise<ProgramSources> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', collector, program],
    { env: {}, maxBuffer: sourceBytesMax },
  );
  return JSON.parse(stdout) as ProgramSources;
}
