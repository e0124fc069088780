import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareProgram, programSources } from '@rollcall/confinement';

const sources = {
  worker: join(import.meta.dirname, '../../worker/main.ts'),
  oneStep: join(import.meta.dirname, '../../worker/testing/one-step.ts'),
  naiveWorker: join(import.meta.dirname, '../baseline/naive-worker.ts'),
} as const;

export type StormProgram = keyof typeof sources;

/** drizzle-orm is loaded at run time, from beside packages/db, where no program of one file is. */
const inOneFile = {
  name: 'drizzle-in-one-file',
  load: (id: string) =>
    id.endsWith('/packages/db/drizzle.ts')
      ? ['drizzle-orm', 'drizzle-orm/node-postgres', 'drizzle-orm/pg-core']
          .map((name) => `export * from '${name}';`)
          .join('\n')
      : null,
};

const resultReader = join(import.meta.dirname, '../../../packages/results/confined-reader.ts');

/**
 * The code of the process that reads results is collected from its modules, which are not beside a program of one file: it is collected here, once
 * for all, and so is the snapshot made of which it starts.
 */
function withSources(ofReader: unknown, snapshot: string | null) {
  const instead: Readonly<Record<string, string>> = {
    'program-sources.ts': `const ofReader = ${JSON.stringify(ofReader)};
      export const programSources = async () => ofReader;`,
    'program-snapshot.ts': `import { openSync } from 'node:fs';
      let fd = null;
      export const prepareProgram = async (program, file) => file.close();
      export const snapshotOf = () => ${snapshot === null ? null : `(fd ??= openSync(${JSON.stringify(snapshot)}))`};
      export const pathOfDescriptor = (of) => '/proc/self/fd/' + of;`,
  };
  return {
    name: 'sources-in-one-file',
    load(id: string) {
      const [, name = ''] = /\/packages\/confinement\/([^/]+)$/.exec(id) ?? [];
      return instead[name] ?? null;
    },
  };
}

/** Where the built programs are, and the folder for what Node compiled of them. */
export type BuiltPrograms = Readonly<Record<StormProgram | 'compileCache', string>>;

/**
 * Puts each program and all that it imports into one file in `folder`, for the storm starts hundreds: read from their 700 modules a worker takes
 * 1.2 to 2 s of CPU to start, from one file whose compiled code is kept 0.3 s. The statements that run are the same.
 */
export async function buildPrograms(folder: string): Promise<BuiltPrograms> {
  // 30 MB of native code, which no other use of the command needs.
  const { rolldown } = await import('rolldown');
  const ofReader = await programSources(resultReader);
  const snapshot = process.platform === 'linux' ? join(folder, 'result-reader.snapshot') : null;
  if (snapshot !== null) await prepareProgram(resultReader, await open(snapshot, 'wx+'));
  for (const [name, input] of Object.entries(sources)) {
    const bundle = await rolldown({
      input,
      platform: 'node',
      logLevel: 'warn',
      plugins: [inOneFile, withSources(ofReader, snapshot)],
    });
    await bundle.write({
      dir: join(folder, name),
      format: 'esm',
      entryFileNames: 'main.mjs',
      chunkFileNames: '[name]-[hash].mjs',
    });
    await bundle.close();
  }
  return {
    worker: join(folder, 'worker', 'main.mjs'),
    oneStep: join(folder, 'oneStep', 'main.mjs'),
    naiveWorker: join(folder, 'naiveWorker', 'main.mjs'),
    compileCache: join(folder, 'compile-cache'),
  };
}
