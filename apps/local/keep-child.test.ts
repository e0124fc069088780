import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { waitFor } from '@rollcall/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type KeepOptions, keepChild } from './keep-child.ts';
import { type Child, startChild } from './start-child.ts';

/** A real process that writes each of its starts down, and ends by itself as often as it is told to. */
const program = `
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
const [, , , file, endings, code] = process.argv;
appendFileSync(file, 'x');
writeFileSync(file.replace(/starts$/, 'pid'), String(process.pid));
process.stdin.resume().once('end', () => process.exit(0));
process.once('SIGTERM', () => process.exit(0));
// Last, since it is stopped as soon as it says so.
console.log('ready');
if (readFileSync(file, 'utf8').length <= Number(endings)) process.exit(Number(code));
`;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keep-child-'));
  await writeFile(join(folder, 'program.mjs'), program);
});
afterEach(() => rm(folder, { recursive: true }));

async function starts(): Promise<number> {
  return (await readFile(join(folder, 'starts'), 'utf8')).length;
}

function keep(endings: number, code: number, options: Partial<KeepOptions> = {}) {
  let restarts = 0;
  let up = 0;
  const waited_ms: number[] = [];
  const kept = keepChild({
    async start(stopped) {
      const { child } = await startChild(
        {
          name: 'worker',
          program: relative(join(import.meta.dirname, '../..'), join(folder, 'program.mjs')),
          arguments: [join(folder, 'starts'), String(endings), String(code)],
          environment: {},
          logFolder: folder,
          stopped,
        },
        (line) => (line === 'ready' ? true : undefined),
      );
      up += 1;
      return child;
    },
    lastEnds: ['code 0', 'code 78'],
    onEnd: (_how, wait_ms) => void waited_ms.push(wait_ms),
    onRestart: () => (restarts += 1),
    wait_ms: 1,
    waitMax_ms: 3,
    restartsMax: 3,
    calm_ms: 60_000,
    ...options,
  });
  return { kept, restarts: () => restarts, up: () => up, waited_ms };
}

test.each([75, 1, 137])(
  'a child that ends with %i is started again, and stops as one',
  async (code) => {
    const { kept, restarts, up } = keep(2, code);
    const child = await kept;
    // Up, and not only started: one that is stopped before it is ready was never there.
    await waitFor(() => up() === 3, { timeoutMs: 60_000, describe: 'the third to be up' });
    await child.stop();
    expect(await child.ended).toBe('code 0');
    expect([await starts(), restarts()]).toEqual([3, 2]);
  },
);

test('a child that is killed is started again', async () => {
  const { kept, up } = keep(0, 0);
  const child = await kept;
  process.kill(Number(await readFile(join(folder, 'pid'), 'utf8')), 'SIGKILL');
  await waitFor(() => up() === 2, { timeoutMs: 60_000, describe: 'the second to be up' });
  await child.stop();
  expect(await child.ended).toBe('code 0');
});

test('one that ends again and again is given up, after waits that grow up to a limit', async () => {
  const { kept, waited_ms } = keep(100, 75);
  expect(await (await kept).ended).toBe('code 75');
  expect(await starts()).toBe(4);
  expect(waited_ms).toEqual([1, 2, 3]);
});

test('one that cannot be started again is tried again as often, and ends with why', async () => {
  const child: Child = {
    name: 'server',
    logPath: '',
    ended: Promise.resolve('SIGKILL'),
    stop: async () => undefined,
  };
  let tried = 0;
  const { kept } = keep(0, 0, {
    async start() {
      tried += 1;
      if (tried === 1) return child;
      throw new Error('It did not come up. Its log ends:\nport taken');
    },
  });
  expect(await (await kept).ended).toBe('It did not come up. Its log ends:');
  expect(tried).toBe(4);
});

test('one that ran for long before has all its starts again', async () => {
  const { kept, up } = keep(6, 75, { calm_ms: 0 });
  const child = await kept;
  await waitFor(() => up() === 7, { timeoutMs: 60_000, describe: 'the seventh to be up' });
  await child.stop();
  expect(await child.ended).toBe('code 0');
});

test.each([0, 78])('one that ends with %i is not started again', async (code) => {
  const { kept } = keep(1, code);
  expect(await (await kept).ended).toBe(`code ${code}`);
  expect(await starts()).toBe(1);
});

test('a stop while it waits for its next start ends it', async () => {
  const { kept, waited_ms } = keep(1, 75, { wait_ms: 600_000, waitMax_ms: 600_000 });
  const child = await kept;
  await waitFor(() => waited_ms.length === 1, { timeoutMs: 60_000, describe: 'its end' });
  await child.stop();
  expect(await child.ended).toBe('code 75');
  expect(await starts()).toBe(1);
});
