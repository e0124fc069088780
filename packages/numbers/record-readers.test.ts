import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { readJson } from './json-reader.ts';
import { LineSink } from './line-sink.ts';
import { NumberSorter } from './number-sorter.ts';
import { a, b, c } from './read-for-tests.ts';
import type { RecordReader } from './record-reader.ts';
import { RejectLog } from './reject-log.ts';
import { readSeparated } from './separated-reader.ts';
import { readTxt } from './txt-reader.ts';

const lineBytesMax = 64;

type Open = (sink: LineSink) => RecordReader;

const table: Open = (sink) =>
  readSeparated(sink, {
    separator: 0x3b,
    hasHeader: true,
    column: 1,
    maxLineBytes: lineBytesMax,
  });
const txt: Open = (sink) => readTxt(sink, lineBytesMax);
const json: Open = (sink) => readJson(sink, lineBytesMax);

/** What a reader makes of a text that comes in pieces: its lines, numbers and rejects, or its refusal. */
async function readInPieces(open: Open, text: string, pieceBytes: number): Promise<unknown> {
  const sorter = new NumberSorter(tmpdir());
  const rejects = new RejectLog(tmpdir());
  const sink = new LineSink(sorter, rejects, { defaultRegion: undefined, maxLines: 100 });
  const reader = open(sink);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const refusal = reader.write(bytes.subarray(at, at + pieceBytes));
    if (refusal !== undefined) return refusal.code;
  }
  const refusal = reader.end();
  if (refusal !== undefined) return refusal.code;
  const sorted = await sorter.finish();
  await rejects.finish();
  const numbers: number[] = [];
  for await (const batch of sorted.batches()) numbers.push(...batch);
  const rejected: string[] = [];
  for await (const batch of rejects.batches()) {
    rejected.push(...batch.map(({ line, raw }) => `${line} ${raw}`));
  }
  return { lines: sink.lines, numbers, rejected };
}

describe('a reader makes the same of an upload however it is cut', () => {
  test.each<[string, Open, string, unknown]>([
    [
      'lines',
      txt,
      `+${b}\r\n+${a}\r\r\rx\n\n+${c}`,
      { lines: 4, numbers: [c, a, b], rejected: ['3 x'] },
    ],
    [
      'a table',
      table,
      `name;phone\r\n"a;\r\n""b""";"+${a}"\r\n;\r\nc;${c}\rd; "x" ;\n`,
      { lines: 3, numbers: [c, a], rejected: ['3 x'] },
    ],
    [
      'a JSON array',
      json,
      String.raw` [ "+447911123456" , 12133734253,{"a":[1,{"b":"\"\u00e9"}]},null, "\u002b447911123457" ] `,
      {
        lines: 5,
        numbers: [c, a, b],
        rejected: [String.raw`3 {"a":[1,{"b":"\"\u00e9"}]}`, '4 null'],
      },
    ],
    ['a line too long', txt, `+${a}\n${'4'.repeat(65)}\n+${a}\n`, 'line_too_long'],
    ['a record too long', table, `name;phone\n${'4'.repeat(65)}\n`, 'line_too_long'],
    ['an element too long', json, `["${'4'.repeat(65)}"]`, 'line_too_long'],
    ['an open quote', table, `name;phone\n"x;+${a}\ny;+${b}\n`, 'unbalanced_quote'],
    ['text after a quote', table, `name;phone\n"x"y;+${a}\n`, 'unbalanced_quote'],
    ['a cut array', json, `["+${a}", "`, 'not_json'],
    ['blank lines', txt, `+${a}\n${'\r\n'.repeat(299)}`, { lines: 1, numbers: [a], rejected: [] }],
    ['too many blank lines', txt, `+${a}\n${'\r\n'.repeat(300)}`, 'too_many_lines'],
  ])('%s', async (_, open, text, expected) => {
    for (const pieceBytes of [1, 2, 3, 7, 4096]) {
      expect(await readInPieces(open, text, pieceBytes), `by ${pieceBytes}`).toEqual(expected);
    }
  });
});
