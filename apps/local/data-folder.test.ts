import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { takeDataFolder } from './data-folder.ts';

async function temporaryPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'data-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'kept');
}

test('a folder is made, closed to others, and taken once until it is released', async () => {
  const path = await temporaryPath();
  const first = await takeDataFolder(path);
  if (first.kind !== 'ours') throw new Error('taken');
  expect((await stat(path)).mode & 0o066).toBe(0);
  expect(await takeDataFolder(path)).toEqual({ kind: 'taken', folder: path, pid: process.pid });
  await first.release();
  expect((await takeDataFolder(path)).kind).toBe('ours');
});

test.each([
  ['of a process that is gone', { pid: 2 ** 22 + 1, born: '1' }],
  ['that was cut short', undefined],
])('a lock %s is taken over', async (_, left) => {
  const path = await temporaryPath();
  const first = await takeDataFolder(path);
  expect(first.kind).toBe('ours');
  await writeFile(join(path, 'running.json'), left ? JSON.stringify(left) : '{"pid":');
  expect((await takeDataFolder(path)).kind).toBe('ours');
});

test.skipIf(process.platform !== 'linux')(
  'a lock of a process whose number another one has by now is taken over',
  async () => {
    const path = await temporaryPath();
    await takeDataFolder(path);
    await writeFile(join(path, 'running.json'), JSON.stringify({ pid: process.pid, born: '1' }));
    expect((await takeDataFolder(path)).kind).toBe('ours');
  },
);
