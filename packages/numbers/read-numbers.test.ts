import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Intake } from './intake.ts';
import type { ReadNumbersOptions } from './read-numbers.ts';
import { readNumbers } from './read-numbers.ts';
import type { Refusal } from './read-outcome.ts';
import type { Reject } from './reject.ts';

const limits = { maxLines: 1000, maxLineBytes: 4096, maxBytes: 1 << 20 };

type Source = string | Uint8Array;

/** Feeds bytes in pieces of a size, so that every record gets cut somewhere. */
async function* inPieces(source: Source, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(source);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(
  source: Source,
  options: Partial<ReadNumbersOptions> = {},
  size = 65536,
): Promise<Intake> {
  const outcome = await readNumbers(inPieces(source, size), { ...limits, ...options });
  if (outcome.kind === 'refused') throw new Error(`${outcome.code}: ${outcome.message}`);
  return outcome.intake;
}

async function refused(
  source: Source,
  options: Partial<ReadNumbersOptions> = {},
  size = 65536,
): Promise<Refusal> {
  const outcome = await readNumbers(inPieces(source, size), { ...limits, ...options });
  if (outcome.kind === 'read') {
    await outcome.intake.close();
    throw new Error('was read');
  }
  return outcome;
}

async function numbersOf(intake: Intake): Promise<number[]> {
  const numbers: number[] = [];
  for await (const batch of intake.sortedNumbers()) numbers.push(...batch);
  return numbers;
}

async function rejectsOf(intake: Intake): Promise<Reject[]> {
  const rejects: Reject[] = [];
  for await (const batch of intake.rejects()) rejects.push(...batch);
  return rejects;
}

async function originalOf(intake: Intake): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of intake.original()) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function digest(intake: Intake): Promise<unknown> {
  return {
    format: intake.format,
    header: intake.header,
    column: intake.column,
    counts: [intake.lines, intake.accepted, intake.duplicates, intake.rejected],
    numbers: await numbersOf(intake),
    rejects: await rejectsOf(intake),
    sha: intake.originalSha256,
  };
}

const a = 447911123456;
const b = 447911123457;
const c = 12133734253;

describe('a txt upload', () => {
  test('is sorted, without duplicates, and every line is accounted for', async () => {
    await using intake = await read(`+${b}\n+${a}\n00${a}\nnonsense\n\n+${c}\n`);
    expect(intake.format).toBe('txt');
    expect(await numbersOf(intake)).toEqual([c, a, b]);
    expect([intake.lines, intake.accepted, intake.duplicates, intake.rejected]).toEqual([
      5, 3, 1, 1,
    ]);
    expect(await rejectsOf(intake)).toEqual([{ line: 4, reason: 'not_a_number', raw: 'nonsense' }]);
  });

  test('ends its lines with CR, LF or both, mixed, the last one with nothing', async () => {
    await using intake = await read(`+${a}\r\n+${b}\r+${c}\n\r\n\r\n x \r+${a}`);
    expect(intake.lines).toBe(5);
    expect(await numbersOf(intake)).toEqual([c, a, b]);
    expect((await rejectsOf(intake)).map((reject) => reject.line)).toEqual([4]);
  });

  test('may begin with a byte order mark and hold Latin-1 bytes', async () => {
    const latin = Buffer.concat([
      Buffer.from([0xef, 0xbb, 0xbf]),
      Buffer.from(`+${a}\nJos\u00e9\n+${b}\u00a0\n`, 'latin1'),
    ]);
    await using intake = await read(latin);
    expect(await numbersOf(intake)).toEqual([a, b]);
    expect(await rejectsOf(intake)).toEqual([{ line: 2, reason: 'not_a_number', raw: 'José' }]);
  });

  test('keeps rejects that Postgres can store: NUL shown, long text cut', async () => {
    await using intake = await read(`+4479\u0000123\n${'é'.repeat(300)}\n${'x'.repeat(200)}\n`);
    const [nul, long, exact] = await rejectsOf(intake);
    expect(nul).toEqual({ line: 1, reason: 'not_a_number', raw: '+4479\u2400123' });
    expect(long?.raw).toBe(`${'é'.repeat(199)}…`);
    expect(exact?.raw).toBe('x'.repeat(200));
  });

  test('has no header when it is called txt, even if a line says "phone"', async () => {
    await using intake = await read(`phone\n+${a}\n`, { format: 'txt' });
    expect([intake.lines, intake.rejected]).toEqual([2, 1]);
  });
});

describe('a csv upload', () => {
  test.each([
    [',', 'csv'],
    [';', 'csv'],
    ['\t', 'tsv'],
    ['|', 'csv'],
  ])('is told by its separator %j, its header and its column', async (separator, format) => {
    const rows = [
      ['id', 'Phone Number', 'city'],
      ['1', `+${a}`, 'London'],
      ['2', String(c), 'Los Angeles'],
    ];
    await using intake = await read(rows.map((cells) => cells.join(separator)).join('\r\n'));
    expect(intake.format).toBe(format);
    expect(intake.header).toEqual(['id', 'Phone Number', 'city']);
    expect(intake.column).toEqual({ index: 2, name: 'Phone Number' });
    expect(intake.lines).toBe(2);
    expect(await numbersOf(intake)).toEqual([c, a]);
  });

  test.each([['телефон'], ['Numara'], ['MSISDN'], ['  Tel. '], ['mobile_number']])(
    'finds the column called %s',
    async (name) => {
      await using intake = await read(`note,${name}\nx,+${a}\n`);
      expect(intake.column?.index).toBe(2);
    },
  );

  test('finds the column with the most valid numbers where no name tells', async () => {
    await using intake = await read(`code,value\n12345678,+${a}\n+${b},+${c}\n`);
    expect(intake.column).toEqual({ index: 2, name: 'value' });
  });

  test('does not trust a telling name over a column that really holds numbers', async () => {
    await using intake = await read(`street,number,reach\nBaker St,221,+${a}\nAbbey Rd,3,+${b}\n`);
    expect(intake.column).toEqual({ index: 3, name: 'reach' });
  });

  test('chooses the column by name in any case, or by position', async () => {
    const text = `first,Second\n+${a},+${b}\n`;
    await using byName = await read(text, { column: 'SECOND' });
    await using byPosition = await read(text, { column: '1' });
    expect(await numbersOf(byName)).toEqual([b]);
    expect(await numbersOf(byPosition)).toEqual([a]);
  });

  test('needs no header', async () => {
    await using intake = await read(`Ann,+${a}\nBob,+${b}\n`);
    expect(intake.header).toBeUndefined();
    expect(intake.column).toEqual({ index: 2 });
    expect(intake.lines).toBe(2);
  });

  test('may be a single column with a header', async () => {
    await using intake = await read(`Phone\n+${a}\n`);
    expect(intake.header).toEqual(['Phone']);
    expect(intake.lines).toBe(1);
  });

  test('has quoted cells with separators, newlines and quotes inside', async () => {
    await using intake = await read(
      `name,phone\n"Ann ""A"", of\nLondon","+${a}"\nBob, "+${b}" \n"x","not ""a"" number"\n`,
    );
    expect(intake.lines).toBe(3);
    expect(await numbersOf(intake)).toEqual([a, b]);
    expect(await rejectsOf(intake)).toEqual([
      { line: 3, reason: 'not_a_number', raw: 'not "a" number' },
    ]);
  });

  test('counts a record without the number as a line, and a blank one not', async () => {
    await using intake = await read(`name,phone\nAnn,\n,,\n\nBob\nEve,+${a}\n`);
    expect(intake.lines).toBe(3);
    expect((await rejectsOf(intake)).map(({ line, reason }) => [line, reason])).toEqual([
      [1, 'empty_cell'],
      [2, 'empty_cell'],
    ]);
  });

  test('names the columns there are when the one asked for is not', async () => {
    const refusal = await refused(`id,phone\n1,+${a}\n`, { column: 'mobile' });
    expect(refusal.code).toBe('unknown_column');
    expect(refusal.message).toContain('"id", "phone"');
    expect((await refused(`id,phone\n1,+${a}\n`, { column: '3' })).code).toBe('unknown_column');
    expect((await refused(`+${a}\n`, { column: '1', format: 'txt' })).code).toBe('unknown_column');
  });

  test('is refused when no column holds numbers, or when more than one could be meant', async () => {
    expect((await refused('name,city\nAnn,London\nBob,Leeds\n')).code).toBe('no_number_column');
    expect((await refused(`+${a},+${b},+${c}\n`)).code).toBe('ambiguous_column');
  });

  test('is refused at the record whose quote is not closed, before a million lines are swallowed', async () => {
    const head = `id,phone\n1,+${a}\n2,"+${b}\n`;
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(head);
      for (let at = 0; at < 20_000; at += 1) yield Buffer.from(`3,+${c}\n`.repeat(50));
    }
    const outcome = await readNumbers(endless(), { ...limits, maxBytes: 1e9, maxLines: 2e6 });
    expect(outcome).toMatchObject({ kind: 'refused', code: 'unbalanced_quote', line: 2 });
  });

  test('is refused where a quote closes in the wrong place, so that no line goes into another', async () => {
    const refusal = await refused(`id,phone\n1,"+${a}\n2,"+${b}"\n`);
    expect(refusal).toMatchObject({ code: 'unbalanced_quote', line: 1 });
    expect(await refused(`id,phone\n1,"+${a}`)).toMatchObject({
      code: 'unbalanced_quote',
      line: 1,
    });
  });
});

describe('a JSON upload', () => {
  test('is an array of strings and whole numbers; other elements are rejects', async () => {
    await using intake = await read(
      JSON.stringify([
        `+${a}`,
        c,
        null,
        true,
        { phone: `+${b}` },
        [1, [2, { x: '"]' }]],
        '',
        -c,
        1.5,
      ]),
    );
    expect(intake.format).toBe('json');
    expect(await numbersOf(intake)).toEqual([c, a]);
    expect((await rejectsOf(intake)).map(({ line, reason }) => [line, reason])).toEqual([
      [3, 'not_a_number'],
      [4, 'not_a_number'],
      [5, 'not_a_number'],
      [6, 'not_a_number'],
      [7, 'empty_cell'],
      [8, 'not_a_number'],
      [9, 'not_a_number'],
    ]);
  });

  test('may hold 1e400, lone surrogates, escapes and a number with a decimal zero', async () => {
    const text = String.raw`[1e400, "+447911123456\ud800", "\u002b447911123456", 447911123457.0, "\u0000+12133734253"]`;
    await using intake = await read(text);
    expect(await numbersOf(intake)).toEqual([a, b]);
    expect((await rejectsOf(intake)).map(({ line, raw }) => [line, raw])).toEqual([
      [1, '1e400'],
      [2, '+447911123456\ufffd'],
      [5, '\u2400+12133734253'],
    ]);
  });

  test('may be nested ten thousand deep without harm', async () => {
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
    await using intake = await read(`[${deep}, "+${a}"]`, { maxLineBytes: 65536 });
    expect([intake.accepted, intake.rejected]).toEqual([1, 1]);
    expect((await refused('['.repeat(10_000), { maxLineBytes: 65536 })).code).toBe('not_json');
  });

  test.each([
    ['{"numbers":[]}'],
    [`["+${a}"`],
    [`["+${a}",]`],
    [`["+${a}" "+${b}"]`],
    [`["+${a}"] x`],
    [`["+${a}]`],
    ['[01]'],
    ['[tru]'],
    ['[{"a":1,}]'],
    ['[{"a" 1}]'],
    ['[[1,2}]'],
    ['["\\x"]'],
    ['["\\u12g4"]'],
    ['["a\nb"]'],
    ['[,1]'],
    ['[.5]'],
    ['['],
  ])('that is broken is refused: %j', async (text) => {
    expect((await refused(text)).code).toBe('not_json');
  });

  test('of no element is empty', async () => {
    expect((await refused(' [ ] ')).code).toBe('empty');
  });
});

describe('any upload', () => {
  test.each([[''], ['\n\r\n  \n\t\n'], ['\ufeff'], ['phone\n'], ['id,phone\n'], ['id,phone\n,\n']])(
    'without a line is empty: %j',
    async (text) => {
      expect((await refused(text)).code).toBe('empty');
    },
  );

  test('of no chunk at all is empty', async () => {
    // eslint-disable-next-line typescript/require-await -- an iterable that ends at once
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
    expect((await refused(bomb, { maxBytes: 1 << 20 })).code).toBe('too_many_bytes');
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
    ['PK\u0003\u0004rest', 'xlsx'],
    ['%PDF-1.7', 'PDF'],
    [Buffer.from('\ufeff+44\n', 'utf16le'), 'UTF-16'],
    [gzipSync(gzipSync(`+${a}`)), 'gzip within gzip'],
  ])('of a foreign kind is refused by name', async (source, name) => {
    const refusal = await refused(source);
    expect(refusal.code).toBe('unsupported_format');
    expect(refusal.message).toContain(name);
  });

  test('with an unknown default region is refused', async () => {
    expect((await refused(`+${a}`, { defaultRegion: 'ZZ' })).code).toBe('unknown_region');
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
});
