import { tmpdir } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { type LineOfUpload, readUploadLines } from '@rollcall/numbers';
import { openNamelessFile } from '@rollcall/results';
import { expect, test } from 'vitest';
import { blankLines } from './blank-lines.ts';

const numbers = [447_911_123_456, 447_911_123_457, 447_911_123_450];
const [, kept = 0] = numbers;

/** 447911123456 as +44 7911 123456, with another sign between. */
const cut = (number: number, between: string) =>
  `+${String(number).replace(/^(..)(....)(.*)$/, `$1${between}$2${between}$3`)}`;
const national = (number: number) => `0${String(number).slice(2)}`;
const inDigits = (zero: string, number: number) =>
  String(number).replaceAll(/\d/g, (digit) =>
    String.fromCharCode(zero.charCodeAt(0) + Number(digit)),
  );

interface Written {
  readonly spelled: (number: number) => string;
  readonly region?: string;
}

const spellings: Readonly<Record<string, Written>> = {
  'a dash that does not break': { spelled: (number) => cut(number, '\u2011') },
  'a long dash': { spelled: (number) => cut(number, '\u2013') },
  'a blank of no width': { spelled: (number) => cut(number, '\u200b') },
  'a soft hyphen': { spelled: (number) => cut(number, '\u00ad') },
  'an ideographic blank': { spelled: (number) => cut(number, '\u3000') },
  'four blanks': { spelled: (number) => cut(number, '    ') },
  'twenty blanks': { spelled: (number) => cut(number, ' '.repeat(20)) },
  'two blanks that do not break': { spelled: (number) => cut(number, '\u00a0\u00a0') },
  brackets: { spelled: (number) => cut(number, '[').replace(/\[([^[]*)\[/, '[$1]') },
  'fullwidth digits': { spelled: (number) => `+${inDigits('\uff10', number)}` },
  'Arabic digits': { spelled: (number) => `+${inDigits('\u0660', number)}` },
  'the prefix of another country': { spelled: (number) => `011${number}`, region: 'US' },
  'as at home': { spelled: national, region: 'GB' },
  'a context': { spelled: (number) => `tel:${national(number).slice(1)};phone-context=+44` },
  'a name before and behind': { spelled: (number) => `call +${number} (Ann)` },
};

const escaped = (text: string) => {
  const code = (sign: string) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `"${text.replaceAll(/[^ ]/g, code)}"`;
};
const formats = {
  txt: (texts: readonly string[]) => `\ufeff${texts.join('\r\n')}`,
  csv: (texts: readonly string[]) =>
    `name,phone\n${texts.map((text) => `"Ann, or ""Bob""",${text}`).join('\n')}\n`,
  tsv: (texts: readonly string[]) => texts.map((text) => `"Ann"\t"${text}"`).join('\r'),
  json: (texts: readonly string[]) => JSON.stringify(texts),
  'json with escapes': (texts: readonly string[]) => `[${texts.map(escaped).join(',')}]`,
  'json of numbers': () => `[447911123456, 447911123457,447911123450.0]`,
} as const;
type Shape = keyof typeof formats;

async function blanked(shape: Shape, texts: readonly string[], region: string | null) {
  const text = formats[shape](texts);
  const format = shape.startsWith('json') ? ('json' as const) : (shape as 'txt' | 'csv' | 'tsv');
  const header = format === 'csv' ? ['name', 'phone'] : null;
  const column = format === 'csv' || format === 'tsv' ? 2 : null;
  const file = await openNamelessFile(tmpdir());
  try {
    await file.appendFile(text);
    const read = async () => {
      const lines: LineOfUpload[] = [];
      const upload = {
        bytes: file.createReadStream({ start: 0, autoClose: false }),
        encoding: 'identity' as const,
        format,
        header: header ?? undefined,
        column: column === null ? undefined : { index: column },
        defaultRegion: region ?? undefined,
      };
      for await (const batch of readUploadLines(upload)) lines.push(...batch);
      return lines;
    };
    const before = await read();
    const found = await blankLines(
      file,
      { format, header, column, region },
      (number) => number !== kept,
    );
    const after = await read();
    const bytes = await buffer(file.createReadStream({ start: 0, autoClose: false }));
    return { text, before, found, after, bytes };
  } finally {
    await file.close();
  }
}

const shapes = (Object.keys(formats) as Shape[]).filter((shape) => shape !== 'json of numbers');

test.each(Object.entries(spellings))(
  '%s: a number so written is blanked, and every line stays one',
  async (_, written) => {
    const texts = numbers.map((number) => written.spelled(number));
    for (const shape of shapes) {
      const { text, before, found, after, bytes } = await blanked(
        shape,
        texts,
        written.region ?? null,
      );
      expect(
        before.map(({ number }) => number),
        shape,
      ).toEqual(numbers);
      expect(found).toBe(2);
      expect(after.map(({ number }) => number)).toEqual([null, kept, null]);
      expect(bytes.length).toBe(Buffer.byteLength(text));
      for (const { cells } of [after[0], after[2]].flatMap((line) => (line ? [line] : []))) {
        expect(cells.at(-1)?.normalize('NFKC')).not.toMatch(/[1-9\u0661-\u0669]/);
      }
      expect(after.map(({ cells }) => cells.slice(0, -1))).toEqual(
        before.map(({ cells }) => cells.slice(0, -1)),
      );
    }
  },
);

test('numbers of JSON stay numbers, and a file larger than is read at once is blanked to its end', async () => {
  const { found, bytes } = await blanked('json of numbers', [], null);
  expect(found).toBe(2);
  expect(JSON.parse(bytes.toString())).toEqual([0, kept, 0]);
  const many = Array.from({ length: 20_000 }, (_, at) =>
    at % 3 === 0 ? `+${kept}` : '+44\u20107911 123456',
  );
  for (const shape of ['txt', 'csv', 'json'] as const) {
    const large = await blanked(shape, many, null);
    expect(large.found).toBe(13_333);
    expect(large.after.filter(({ number }) => number !== null)).toHaveLength(6_667);
  }
});

test('an upload that cannot be read is told', async () => {
  const file = await openNamelessFile(tmpdir());
  await file.appendFile('["+447911123456"');
  const reading = { format: 'json', header: null, column: null, region: null } as const;
  expect(await blankLines(file, reading, () => true)).toBeNull();
  await file.close();
});
