import { mkdtemp, readdir, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { openNamelessFile } from './nameless-file.ts';

test.runIf(process.platform === 'linux')(
  'a file without a name never has one, takes bytes and gives them back',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'rollcall-nameless-'));
    const watch = { open: true };
    const seen: string[] = [];
    const watching = (async () => {
      while (watch.open) {
        seen.push(...(await readdir(directory)));
        await setImmediate();
      }
    })();
    for (let files = 0; files < 200; files += 1) {
      const file = await openNamelessFile(directory);
      await file.write('+442079460000\n', 0);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
      expect(buffer.toString('utf8', 0, bytesRead)).toBe('+442079460000\n');
      await file.close();
    }
    watch.open = false;
    await watching;
    expect(seen).toEqual([]);
    await rmdir(directory);
  },
);

test('where a file cannot be made without a name, its name is taken away before anybody has it', async () => {
  const platform = Object.getOwnPropertyDescriptor(process, 'platform') ?? {};
  Object.defineProperty(process, 'platform', { ...platform, value: 'openbsd' });
  onTestFinished(() => void Object.defineProperty(process, 'platform', platform));
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-nameless-'));
  const file = await openNamelessFile(directory);
  expect(await readdir(directory)).toEqual([]);
  await file.write('+442079460000\n', 0);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
  expect(buffer.toString('utf8', 0, bytesRead)).toBe('+442079460000\n');
  await file.close();
  await rmdir(directory);
});

test('a directory that is not there is the disk’s error, not another directory', async () => {
  await expect(openNamelessFile(join(tmpdir(), 'rollcall-not-there'))).rejects.toThrow('ENOENT');
});
