import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readClientEnvironment } from './read-client-environment.ts';

async function keyFile(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'key-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'key'), text);
  return join(folder, 'key');
}

test('without anything it looks where `start` listens, and has no key', () => {
  expect(readClientEnvironment({}, {})).toEqual({
    ok: true,
    settings: { url: 'http://127.0.0.1:8080', key: null, colors: true },
  });
});

test('the key comes from a variable, a file that it names, or a file of a flag, which goes first', async () => {
  const file = await keyFile('from-file\n');
  const keyOf = (flags: { keyFile?: string }, env: Record<string, string>) => {
    const read = readClientEnvironment(flags, env);
    return read.ok ? read.settings.key : read.problems;
  };
  expect(keyOf({}, { ROLLCALL_API_KEY: 'of-variable' })).toBe('of-variable');
  expect(keyOf({}, { ROLLCALL_API_KEY_FILE: file })).toBe('from-file');
  expect(keyOf({ keyFile: file }, { ROLLCALL_API_KEY: 'of-variable' })).toBe('from-file');
  expect(keyOf({}, { ROLLCALL_KEY: 'as-start-prints-it' })).toBe('as-start-prints-it');
});

test.each([
  ['ftp://x', '--url: is not a URL that starts with https:// or http://; correct it'],
  ['http://ana:secret@host', '--url: holds a user or password; give the key with ROLLCALL_API_KEY'],
  ['http://host/?a=b', '--url: write it without ? and #'],
])('the URL %s is refused', (url, problem) => {
  expect(readClientEnvironment({ url }, {})).toEqual({ ok: false, problems: [problem] });
});

test('every problem is named at once, and none holds the key', () => {
  const read = readClientEnvironment({}, { ROLLCALL_URL: 'no', ROLLCALL_API_KEY: 'se cret' });
  expect(read).toMatchObject({
    ok: false,
    problems: [expect.stringMatching(/^ROLLCALL_URL: /), expect.stringContaining('spaces')],
  });
  expect(JSON.stringify(read)).not.toContain('cret');
});

test('NO_COLOR and a dumb terminal are taken at their word', () => {
  for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
    expect(readClientEnvironment({}, env)).toMatchObject({ settings: { colors: false } });
  }
});
