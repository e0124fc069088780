import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { Output } from './output.ts';

/** What a command that does this writes to its standard output. */
async function written(isTTY: boolean, act: (output: Output) => Promise<void>): Promise<string> {
  const out = Object.assign(new PassThrough(), { isTTY });
  await act(new Output({ out, err: new PassThrough(), json: false, colors: true }));
  out.end();
  return await text(out);
}

const csv = 'number,note\r\n1,"a\u001b]0;owned\u0007\u009b2J\u202e"\r\n';
async function* pieces() {
  const bytes = Buffer.from(csv);
  // In the middle of a character.
  yield bytes.subarray(0, bytes.indexOf(0xc2) + 1);
  yield bytes.subarray(bytes.indexOf(0xc2) + 1);
}

test('a download is its bytes in a file or a pipe, and cannot command a terminal', async () => {
  expect(await written(false, (output) => output.bytes(pieces(), 'csv'))).toBe(csv);
  expect(await written(true, (output) => output.bytes(pieces(), 'csv'))).toBe(
    'number,note\r\n1,"a\\u001b]0;owned\\u0007\\u009b2J\\u202e"\r\n',
  );
});

test('JSON cannot command a terminal either, and is the same value', async () => {
  const value = { raw: 'a\u009b2J\u007f\u202e\n' };
  const shown = await written(true, (output) => output.value(value));
  expect(shown).toBe('{"raw":"a\\u009b2J\\u007f\\u202e\\n"}\n');
  expect(JSON.parse(shown)).toEqual(value);
});
