import { mkdtemp, open, readdir, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeZip } from '@rollcall/testing';
import { describe, expect, test } from 'vitest';
import { readResult } from './index.ts';
import { codeOf, collect, telegramOptions } from './testing/read-bytes.ts';

describe('a file that is no result', () => {
  test.each([
    ['no bytes', '', 'empty'],
    ['blank lines', '\r\n \n\t\n', 'empty'],
    ['a byte-order mark alone', '\ufeff', 'empty'],
    ['a login page', '\n<!DOCTYPE html><html><body>Login</body></html>', 'html'],
    ['a storage error', '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', 'xml'],
    ['a JSON error', '{"error":"not found"}', 'json'],
    ['gzip', Buffer.from('1f8b08000000', 'hex'), 'gzip'],
    ['PDF', '%PDF-1.7', 'pdf'],
    ['an old workbook', Buffer.from('d0cf11e0a1b11ae100000000', 'hex'), 'xls'],
    ['RAR', Buffer.from('526172211a0700', 'hex'), 'other_archive'],
    ['7z', Buffer.from('377abcaf271c', 'hex'), 'other_archive'],
    ['xz', Buffer.from('fd377a585a00', 'hex'), 'other_archive'],
    ['bzip2', 'BZh91AY&SY', 'other_archive'],
    ['zstd', Buffer.from('28b52ffd', 'hex'), 'other_archive'],
    ['a part of a split archive', Buffer.from('504b0708504b0304', 'hex'), 'other_archive'],
    ['an archive without members', Buffer.from(`504b0506${'00'.repeat(18)}`, 'hex'), 'empty'],
    ['a list of JSON', '[{"number":447911123456}]', 'json'],
    ['a web page without a type', '<html><body>Login</body></html>', 'html'],
    ['a type of web page without its tag', '<!doctype HTML><title>Login</title>', 'html'],
    [
      'UTF-16 from the other end',
      Buffer.from('\ufeffnumber,activated\n', 'utf16le').swap16(),
      'unsupported_encoding',
    ],
    ['UTF-16', Buffer.from('\ufeffnumber,activated\n', 'utf16le'), 'unsupported_encoding'],
    ['UTF-16 without a mark', Buffer.from('number,activated\n', 'utf16le'), 'binary'],
    ['a picture', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'binary'],
    ['an archive that begins and no more', Buffer.from('504b0304', 'hex'), 'cut'],
  ])('is told by its bytes: %s', async (_, bytes, code) => {
    expect(await codeOf(bytes)).toBe(code);
  });
});

describe('the port', () => {
  test('reads an unlinked file by its descriptor, and leaves closing to the caller', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rollcall-results-'));
    const path = join(folder, 'result');
    for (const bytes of [
      Buffer.from('number,activated\n447911123456,yes\n'),
      await makeZip({ 'all.csv': 'number,activated\n447911123456,yes\n' }),
    ]) {
      await writeFile(path, bytes);
      const handle = await open(path, 'r');
      await unlink(path);
      const read = await collect(readResult({ fd: handle.fd }, telegramOptions));
      expect(read.rows).toEqual(['447911123456 registered']);
      expect((await handle.stat()).size).toBe(bytes.length);
      await handle.close();
    }
    await rm(folder, { recursive: true });
  });

  test('throws where the disk is at fault, for that says nothing of the file', async () => {
    const reading = readResult({ path: join(tmpdir(), 'rollcall-no-such-file') }, telegramOptions);
    await expect(reading.next()).rejects.toThrow('ENOENT');
  });

  test('reads only as fast as batches are taken, and lets go when it is left early', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rollcall-results-'));
    const path = join(folder, 'result');
    const row = (n: number) => `${447_000_000_000 + n},yes\n`;
    const text = `number,activated\n${Array.from({ length: 300_000 }, (_, n) => row(n)).join('')}`;
    for (const bytes of [Buffer.from(text), await makeZip({ 'all.csv': text })]) {
      await writeFile(path, bytes);
      const before = await descriptors();
      const reading = readResult({ path }, telegramOptions);
      const first = await reading.next();
      expect(first.done).toBe(false);
      await reading.return({
        kind: 'unreadable',
        code: 'cut',
        message: '',
        member: null,
        row: null,
      });
      expect(await descriptors()).toBe(before);
    }
    await rm(folder, { recursive: true });
  });
});

/** How many descriptors this process holds; Linux tells, elsewhere nothing is compared. */
async function descriptors(): Promise<number> {
  return process.platform === 'linux' ? (await readdir('/proc/self/fd')).length : 0;
}
