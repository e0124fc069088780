import { randomUUID } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { cachedDirectory } from './cached-directory.ts';

test('of many who fill the same directory at once one wins, whole, and no other trace is left', async () => {
  const name = `test-${randomUUID()}`;
  const fill = async (directory: string): Promise<void> => {
    const writer = randomUUID();
    await writeFile(join(directory, 'first'), writer);
    await writeFile(join(directory, 'second'), writer);
  };
  const paths = await Promise.all(Array.from({ length: 8 }, () => cachedDirectory(name, fill)));
  const path = paths[0] ?? '';
  onTestFinished(() => rm(path, { recursive: true }));
  expect(new Set(paths).size).toBe(1);
  const first = await readFile(join(path, 'first'), 'utf8');
  expect(await readFile(join(path, 'second'), 'utf8')).toBe(first);
  const traces = (await readdir(dirname(path))).filter((entry) => entry.startsWith(basename(path)));
  expect(traces).toEqual([name]);
});

test('a fill that fails leaves nothing, and the next one is asked again', async () => {
  const name = `test-${randomUUID()}`;
  const failing = cachedDirectory(name, () => Promise.reject(new Error('no network')));
  await expect(failing).rejects.toThrow('no network');
  const path = await cachedDirectory(name, (to) => writeFile(join(to, 'there'), 'yes'));
  onTestFinished(() => rm(path, { recursive: true }));
  expect(await readdir(path)).toEqual(['there']);
});
