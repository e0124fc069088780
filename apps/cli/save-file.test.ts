import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { saveFile } from './save-file.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'save-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

async function* pieces(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}

async function* broken() {
  yield Buffer.from('half');
  throw new Error('the line broke');
}

test('a file is there when it is whole', async () => {
  const path = join(await folder(), 'out.csv');
  expect(await saveFile(path, pieces('a,', 'b\n'), { force: false })).toBe(4);
  expect(await readFile(path, 'utf8')).toBe('a,b\n');
});

test('a stream that breaks off leaves nothing, not even a part', async () => {
  const where = await folder();
  await expect(saveFile(join(where, 'out.csv'), broken(), { force: false })).rejects.toThrow(
    'broke',
  );
  expect(await readdir(where)).toEqual([]);
});

test('a stream that breaks off leaves the file that it was to replace', async () => {
  const where = await folder();
  const path = join(where, 'out.csv');
  await writeFile(path, 'before');
  await expect(saveFile(path, broken(), { force: true })).rejects.toThrow('broke');
  expect([await readdir(where), await readFile(path, 'utf8')]).toEqual([['out.csv'], 'before']);
});

test('a name that is taken is refused, also when it was taken meanwhile', async () => {
  const path = join(await folder(), 'out.csv');
  async function* slow() {
    yield Buffer.from('ours');
    await writeFile(path, 'theirs');
  }
  for (const stream of [slow(), pieces('again')]) {
    const saving = saveFile(path, stream, { force: false });
    await expect(saving).rejects.toMatchObject({
      ending: 'usage',
      problem: { code: 'file_exists' },
    });
  }
  expect(await readFile(path, 'utf8')).toBe('theirs');
  await saveFile(path, pieces('ours'), { force: true });
  expect(await readFile(path, 'utf8')).toBe('ours');
});

test('a folder that is not there is said, with what to do', async () => {
  const path = join(await folder(), 'none', 'out.csv');
  await expect(saveFile(path, pieces('x'), { force: false })).rejects.toMatchObject({
    ending: 'failed',
    problem: { code: 'cannot_write', detail: `${path}: ENOENT.` },
  });
});
