import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { followLog, readLogTail } from './log-file.ts';

async function logWith(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'log-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'a.log'), text);
  return join(folder, 'a.log');
}

test('the end of a log is its warnings, errors and plain texts, the last of them', async () => {
  const info = '{"level":"info","event":"x"}\n'.repeat(20_000);
  const path = await logWith(`first\n${info}{"level":"warn"}\nError: no\n    at main.ts\n${info}`);
  expect(await readLogTail(path)).not.toContain('first');
  const near = await logWith(`first\n{"level":"warn"}\n{"level":"info"}\nError: no\n`);
  expect(await readLogTail(near, 2)).toBe('{"level":"warn"}\nError: no');
});

test('where nothing went wrong it is the last lines, and of no log nothing', async () => {
  const path = await logWith('{"level":"info","n":1}\n{"level":"info","n":2}\n');
  expect(await readLogTail(path, 1)).toBe('{"level":"info","n":2}');
  expect(await readLogTail(`${path}.none`)).toBe('');
});

test('a growing log is read by whole lines, each once', async () => {
  const path = await logWith('one\ntw');
  const next = followLog(path);
  expect(await next()).toEqual(['one']);
  expect(await next()).toEqual([]);
  await appendFile(path, 'o\nthree\n');
  expect(await next()).toEqual(['two', 'three']);
});
