import type { VerdictRow } from './verdict-rows.ts';

const chunkLength = 64 * 1024;

/** Joins small pieces into chunks of about 64 KiB, so that streams carry few of them. */
export function* inChunks(pieces: Iterable<string>): Generator<string> {
  let chunk = '';
  for (const piece of pieces) {
    chunk += piece;
    if (chunk.length >= chunkLength) {
      yield chunk;
      chunk = '';
    }
  }
  if (chunk !== '') yield chunk;
}

/** `number,activated` and further attribute columns, as in the vendors' all.csv. */
export function* csvTable(
  rows: Iterable<VerdictRow>,
  attributes: readonly string[],
): Generator<string> {
  yield `${['number', 'activated', ...attributes].join(',')}\n`;
  for (const row of rows) {
    const further = attributes.map((name) => `,${attributeOf(name, row)}`).join('');
    yield `${row.number},${row.word}${further}\n`;
  }
}

/** One number a line. */
export function* numberLines(rows: Iterable<VerdictRow>, lineEnd: string): Generator<string> {
  for (const row of rows) yield `${row.number}${lineEnd}`;
}

/** A made-up attribute, filled for the registered only; the same number always has the same. */
export function attributeOf(name: string, row: VerdictRow): string {
  if (row.word !== 'yes') return '';
  const seed = Number(row.number.slice(-4)) + name.length;
  switch (name) {
    case 'age':
      return String(18 + (seed % 60));
    case 'gender':
      return seed % 2 === 0 ? 'female' : 'male';
    case 'activedays':
      return String(seed % 31);
    case 'activetime':
      return `2025-11-${String(1 + (seed % 28)).padStart(2, '0')}`;
    default:
      return seed % 3 === 0 ? 'yes' : 'no';
  }
}
