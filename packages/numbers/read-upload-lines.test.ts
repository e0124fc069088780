import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { a, b, numbersOf, originalOf, read, rejectsOf } from './read-for-tests.ts';
import { type LineOfUpload, readUploadLines } from './read-upload-lines.ts';

/** Takes an upload in, and reads what was kept of it line by line. */
async function again(source: string | Uint8Array, defaultRegion?: string) {
  await using intake = await read(source, { maxLines: 50_000, maxBytes: 1 << 24, defaultRegion });
  const lines: LineOfUpload[] = [];
  const kept = {
    bytes: (async function* () {
      const stored = await originalOf(intake);
      for (let at = 0; at < stored.length; at += 777) yield stored.subarray(at, at + 777);
    })(),
    encoding: intake.originalEncoding,
    format: intake.format,
    header: intake.header,
    column: intake.column,
    defaultRegion,
  };
  for await (const batch of readUploadLines(kept)) lines.push(...batch);
  return { intake, lines, numbers: await numbersOf(intake), rejects: await rejectsOf(intake) };
}

describe('a kept upload is read again, line by line', () => {
  test('a table gives the cells as they were written, quotes and spaces inside kept', async () => {
    const { lines } = await again(
      `\ufeffname;phone;note\r\n Ada ;+${a};"a ""b""\nc"\n\n;;\nBob;12;\nEve;+${a}\nZoe;+${b};x;y;z`,
    );
    expect(lines).toEqual([
      { line: 1, cells: [' Ada ', `+${a}`, 'a "b"\nc'], number: a, reason: null },
      { line: 2, cells: ['Bob', '12', ''], number: null, reason: 'too_short' },
      { line: 3, cells: ['Eve', `+${a}`], number: a, reason: null },
      { line: 4, cells: ['Zoe', `+${b}`, 'x', 'y', 'z'], number: b, reason: null },
    ]);
  });

  test('text gives what stood in the line', async () => {
    const { lines } = await again(`+${a}\r\n  07911 123457 \n\nnobody`, 'GB');
    expect(lines).toEqual([
      { line: 1, cells: [`+${a}`], number: a, reason: null },
      { line: 2, cells: ['  07911 123457 '], number: b, reason: null },
      { line: 3, cells: ['nobody'], number: null, reason: 'not_a_number' },
    ]);
  });

  test('a JSON array gives its elements, those that are no text as they were written', async () => {
    const { lines } = await again(`["+${a}", ${b}, "\\u002b${a}", {"x": 1}, null]`);
    expect(lines.map(({ cells, number, reason }) => [...cells, number ?? reason])).toEqual([
      [`+${a}`, a],
      [String(b), b],
      [`+${a}`, a],
      ['{"x": 1}', 'not_a_number'],
      ['null', 'not_a_number'],
    ]);
  });

  test.each(['plain', 'gzip'])(
    'a large %s table gives the same lines, numbers and rejects',
    async (kind) => {
      let text = 'id\tmsisdn\tname\n';
      for (let row = 0; row < 40_000; row += 1) {
        const cell =
          row % 11 === 0 ? `bad ${row}` : `+4479111${String(row % 9_000).padStart(5, '0')}`;
        text += `${row}\t${cell}\t"n ${row}"\n`;
      }
      const { intake, lines, numbers, rejects } = await again(
        kind === 'gzip' ? gzipSync(text) : text,
      );
      expect(lines.map(({ line }) => line)).toEqual(lines.map((_, at) => at + 1));
      expect(lines).toHaveLength(intake.lines);
      expect(lines[39_999]?.cells[2]).toBe('n 39999');
      const found = lines.flatMap(({ number }) => (number === null ? [] : [number]));
      expect([...new Set(found)].sort((one, other) => one - other)).toEqual(numbers);
      expect(
        lines
          .filter(({ number }) => number === null)
          .map(({ line, reason, cells }) => ({ line, reason, raw: cells[1] })),
      ).toEqual(rejects);
    },
  );

  test('one that was damaged is an error and not a shorter upload', async () => {
    const damaged = readUploadLines({
      bytes: (async function* () {
        yield gzipSync(`+${a}\n`.repeat(1_000)).subarray(0, 30);
      })(),
      encoding: 'gzip',
      format: 'txt',
      defaultRegion: undefined,
    });
    await expect(damaged.next()).rejects.toThrow('unexpected end of file');
  });
});
