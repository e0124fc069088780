import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';

test('numbers of a list are found in files, and not repeated', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-scan-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const numbers = await write('numbers', '+447911123456\n+44 7911 123457\n');
  const clean = await write('clean.log', '{"counts":{"numbers":2}}\n');
  const leaky = await write('leaky.log', 'called 07911 123 457\n');
  const run = (...paths: string[]) =>
    promisify(execFile)(process.execPath, [
      join(import.meta.dirname, 'scan-for-numbers.ts'),
      ...(paths.length > 0 ? ['--numbers', numbers, ...paths] : []),
    ]);
  expect(JSON.parse((await run(clean)).stdout)).toEqual({ path: clean, bytes: 25, hits: 0 });
  const found = await run(clean, leaky).catch((error: unknown) => error);
  expect(found).toMatchObject({ code: 1, stdout: expect.stringContaining('"hits":1') as string });
  expect(JSON.stringify(found)).not.toMatch(/123.?457/);
  const across = await write('across.log', `${'-'.repeat(1024 * 1024 - 5)}+447911123456\n`);
  expect(await run(across).catch((error: unknown) => error)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('"hits":1}') as string,
  });
  expect((await run('--help')).stdout).toMatch(/^Usage: /);
  await expect(run()).rejects.toMatchObject({ code: 64 });
  await expect(run('--what')).rejects.toMatchObject({ code: 64 });
  await expect(run(join(folder, 'absent.log'))).rejects.toMatchObject({ code: 66 });
});

test('folders are walked, gzip is inflated, and what is not looked into is told and is no clean scan', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-scan-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const numbers = join(folder, 'numbers');
  await writeFile(numbers, '+447911123456\n');
  const logs = join(folder, 'logs');
  await mkdir(join(logs, 'old'), { recursive: true });
  const run = async (...paths: string[]) => {
    const program = join(import.meta.dirname, 'scan-for-numbers.ts');
    const ended = await promisify(execFile)(process.execPath, [
      program,
      '--numbers',
      numbers,
      ...paths,
    ]).then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: unknown) => error as { code: number; stdout: string },
    );
    const lines = ended.stdout.trim().split('\n').filter(Boolean);
    return { code: ended.code, files: lines.map((line) => JSON.parse(line) as object) };
  };
  await writeFile(join(logs, 'a.log'), 'nothing\n');
  await symlink(logs, join(logs, 'old', 'circle'));
  expect(await run(logs)).toEqual({
    code: 0,
    files: [{ path: join(logs, 'a.log'), bytes: 8, hits: 0 }],
  });

  const sheet = join(logs, 'b.xlsx');
  await writeFile(sheet, 'PK\x03\x04 and so on');
  const unread = { path: sheet, bytes: 0, hits: 0, unread: 'zip' };
  expect(await run(sheet)).toEqual({ code: 66, files: [unread] });

  const packed = join(logs, 'old', 'c.log.gz');
  const text = `${'-'.repeat(3 * 1024 * 1024 - 5)}+447911123456\n`;
  await writeFile(packed, gzipSync(text));
  expect(await run(logs)).toEqual({
    code: 1,
    files: [
      { path: join(logs, 'a.log'), bytes: 8, hits: 0 },
      unread,
      { path: packed, bytes: text.length, hits: 1 },
    ],
  });
  await writeFile(packed, gzipSync(text).subarray(0, 1_000));
  expect((await run(packed)).code).toBe(66);
});
