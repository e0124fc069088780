import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  a,
  b,
  c,
  digest,
  limits,
  numbersOf,
  originalOf,
  read,
  refused,
  rejectsOf,
} from './read-for-tests.ts';
import { readNumbers } from './read-numbers.ts';

describe('any upload', () => {
  test.each([[''], ['\n\r\n  \n\t\n'], ['\ufeff'], ['phone\n'], ['id,phone\n'], ['id,phone\n,\n']])(
    'without a line is empty: %j',
    async (text) => {
      expect((await refused(text)).code).toBe('empty');
    },
  );

  test('of no chunk at all is empty', async () => {
    const outcome = await readNumbers((async function* () {})(), limits);
    expect(outcome).toMatchObject({ kind: 'refused', code: 'empty' });
  });

  test('may have as many lines as the limit, and not one more', async () => {
    const line = `+${a}\n`;
    await using intake = await read(line.repeat(10), { maxLines: 10 });
    expect([intake.lines, intake.accepted, intake.duplicates]).toEqual([10, 1, 9]);
    for (const text of [
      line.repeat(11),
      `phone,x\n${`+${a},y\n`.repeat(11)}`,
      JSON.stringify(Array.from({ length: 11 }, () => 'junk')),
    ]) {
      expect(await refused(text, { maxLines: 10 })).toMatchObject({
        code: 'too_many_lines',
        line: 11,
      });
    }
  });

  test('with a line that never ends is refused long before the end', async () => {
    let sent = 0;
    async function* endless(start: string): AsyncGenerator<Uint8Array> {
      yield Buffer.from(start);
      for (; sent < 200_000_000; sent += 65536) yield Buffer.alloc(65536, '4');
    }
    for (const start of ['', `id,phone\n1,+${a}\n2,`, `["+${a}", "`]) {
      sent = 0;
      const outcome = await readNumbers(endless(start), { ...limits, maxBytes: 1e9 });
      expect(outcome).toMatchObject({ kind: 'refused', code: 'line_too_long' });
      expect(sent).toBeLessThan(1 << 20);
    }
  });

  test('is the same however its bytes are cut', async () => {
    const uploads = [
      `+${b}\r\n+${a}\r\rx\n\n+${c}`,
      `name;phone\r\n"a;\r\n""b""";"+${a}"\r\n;\r\nc;${c}\rd;"x"`,
      String.raw`[ "+447911123456" , 12133734253,{"a":[1,{"b":"\"\u00e9"}]},null, "\u002b447911123457" ] `,
    ];
    for (const text of uploads) {
      await using whole = await read(text);
      for (const size of [1, 2, 3, 7]) {
        await using cut = await read(text, {}, size);
        expect(await digest(cut)).toEqual(await digest(whole));
      }
    }
  });

  test('over the limit of bytes is refused, as sent and as inflated', async () => {
    expect((await refused(`+${a}\n`.repeat(1000), { maxBytes: 1000 })).code).toBe('too_many_bytes');
    const bomb = gzipSync(Buffer.alloc(50_000_000, 0x0a));
    expect(bomb.length).toBeLessThan(100_000);
    expect((await refused(bomb, { maxBytes: 1 << 20, maxLines: 1e6 })).code).toBe('too_many_bytes');
  });

  test('may be gzipped, in one member or several, and is kept byte for byte', async () => {
    const zipped = Buffer.concat([gzipSync(`+${a}\n+${b}`), gzipSync(`0\n+${c}\n`)]);
    await using intake = await read(zipped, {}, 5);
    expect(intake.lines).toBe(3);
    expect(intake.originalEncoding).toBe('gzip');
    expect(intake.originalBytes).toBe(zipped.length);
    expect(await originalOf(intake)).toEqual(zipped);
    expect(intake.originalSha256).toBe(createHash('sha256').update(zipped).digest('hex'));
    expect(gunzipSync(await originalOf(intake)).toString()).toContain(String(a));
  });

  test('is refused when its gzip is broken or cut', async () => {
    const zipped = gzipSync(`+${a}\n`.repeat(100));
    expect((await refused(zipped.subarray(0, -4))).code).toBe('bad_gzip');
    const broken = Buffer.from(zipped);
    broken.fill(0xff, 12, 20);
    expect((await refused(broken)).code).toBe('bad_gzip');
    expect((await refused(gzipSync('x'.repeat(100_000), { level: 0 }), {}, 1000)).code).toBe(
      'line_too_long',
    );
  });

  test('keeps its original, compressed, and its hash', async () => {
    const text = `name,phone\n"é, x",+${a}\n`;
    await using intake = await read(text);
    expect(intake.originalEncoding).toBe('zstd');
    expect(zstdDecompressSync(await originalOf(intake)).toString()).toBe(text);
    expect(intake.originalBytes).toBe(Buffer.byteLength(text));
    expect(intake.originalSha256).toBe(createHash('sha256').update(text).digest('hex'));
  });

  test.each([
    ['PK\u0005\u0006rest', 'empty zip'],
    [Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'password'],
    ['%PDF-1.7', 'PDF'],
    [Buffer.from('\ufeff+44\n', 'utf16le'), 'Unicode Text'],
    [Buffer.from('+447911123456\n', 'utf16le'), 'UTF-16'],
    [Buffer.from('\u007fELF\u0002\u0001\u0001\u0000'), 'NUL'],
    [`${`+${a}`.padEnd(400)}\n`.repeat(800) + '\u0000', 'NUL'],
    [gzipSync(`["+${a}", "\u0000"]`), 'NUL'],
    [gzipSync(gzipSync(`+${a}`)), 'gzip within gzip'],
  ])('of a foreign kind is refused by name', async (source, name) => {
    const refusal = await refused(source);
    expect(refusal.code).toBe('unsupported_format');
    expect(refusal.message).toContain(name);
  });

  test('with an unknown default region is refused, and its input ended', async () => {
    let ended = false;
    async function* input(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield await Promise.resolve(Buffer.from(`+${a}\n`));
      } finally {
        ended = true;
      }
    }
    const outcome = await readNumbers(input(), { ...limits, defaultRegion: 'ZZ' });
    expect(outcome).toMatchObject({ kind: 'refused', code: 'unknown_region' });
    expect(ended).toBe(true);
    await using intake = await read('07911 123456\n', { defaultRegion: 'gb' });
    expect(await numbersOf(intake)).toEqual([a]);
  });

  test('gives its parts again and again until it is closed, and closes twice without harm', async () => {
    const intake = await read(`+${a}\nx\n`);
    expect(await numbersOf(intake)).toEqual(await numbersOf(intake));
    expect(await rejectsOf(intake)).toEqual(await rejectsOf(intake));
    await intake.close();
    await intake.close();
    await expect(numbersOf(intake)).rejects.toThrow(/closed/);
    await expect(originalOf(intake)).rejects.toThrow(/closed/);
  });

  test('whose own stream breaks throws that error', async () => {
    async function* broken(start: Buffer): AsyncGenerator<Uint8Array> {
      yield start;
      await Promise.resolve();
      throw new Error('connection lost');
    }
    for (const start of [Buffer.from(`+${a}\n`), gzipSync(`+${a}\n`).subarray(0, 15)]) {
      await expect(readNumbers(broken(start), limits)).rejects.toThrow('connection lost');
    }
  });

  test("that does not fit the disk throws the disk's error and ends the input", async () => {
    let ended = false;
    async function* large(): AsyncGenerator<Uint8Array> {
      try {
        for (let at = 0; at < 200; at += 1) {
          yield await Promise.resolve(Buffer.from(`junk of line ${at}\n`.repeat(4096)));
        }
      } finally {
        ended = true;
      }
    }
    const options = { maxLines: 1e9, maxLineBytes: 4096, maxBytes: 1e9 };
    const reading = readNumbers(large(), { ...options, spoolDirectory: '/nonexistent' });
    await expect(reading).rejects.toThrow('ENOENT');
    expect(ended).toBe(true);
  });

  test('of many rejects gives them all back, in line order', async () => {
    const count = 20_000;
    const text = Array.from({ length: count }, (_, at) => `junk ${at} ${'é'.repeat(50)}`).join(
      '\n',
    );
    await using intake = await read(text, { maxLines: count, maxBytes: 1 << 24 });
    const rejects = await rejectsOf(intake);
    expect(rejects.length).toBe(count);
    expect(
      rejects.every(({ line, raw }, at) => line === at + 1 && raw.startsWith(`junk ${at} `)),
    ).toBe(true);
  });
});
