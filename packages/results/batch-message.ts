import { verdicts } from '@rollcall/domain';
import { BatchBounds, compactAttributes, looseAttribute_bytes } from './batch-bounds.ts';
import { attributeText, maskDigits } from './display-text.ts';
import { type NumberProblem, numberProblems } from './number-cell.ts';
import { type ResultBatch, rowsPerBatch, type UnreadableRow } from './result-batch.ts';

/**
 * A batch as bytes, for the way out of the process that reads: three counts (UInt32LE: rows, words of `cells`, bytes of JSON), numbers (doubles), `cells`
 * (UInt32LE), verdicts (a byte each), and texts as JSON. 9 bytes a row without further columns; a million rows are 9 MB.
 * `cells` has, for each row, how many attributes it has, and for each of these where its name and its value stand among the texts. Each text is
 * said once a batch, since further columns repeat themselves.
 */
const head_bytes = 12;

interface Further {
  readonly texts: readonly string[];
  readonly unreadable: readonly UnreadableRow[];
}

export function encodeBatch(batch: ResultBatch): Buffer {
  const { count, numbers, verdicts: codes, attributes, unreadable } = batch;
  const texts = new Map<string, number>();
  const cells = attributes === null ? new Uint32Array() : cellsOf(attributes, texts);
  const further: Further = { texts: [...texts.keys()], unreadable };
  const json = Buffer.from(JSON.stringify(further));
  const bytes = Buffer.allocUnsafe(head_bytes + count * 9 + cells.byteLength + json.length);
  bytes.writeUInt32LE(count, 0);
  bytes.writeUInt32LE(cells.length, 4);
  bytes.writeUInt32LE(json.length, 8);
  let at = head_bytes;
  for (const part of [numbers.subarray(0, count), cells, codes.subarray(0, count), json]) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return bytes;
}

function cellsOf(
  attributes: NonNullable<ResultBatch['attributes']>,
  texts: Map<string, number>,
): Uint32Array {
  let cells = new Uint32Array(attributes.length * 9);
  let at = 0;
  // Rows mostly have the names of the row before, in its order, and these are the same strings.
  const names: string[] = [];
  const places: number[] = [];
  for (const row of attributes) {
    const countAt = at++;
    if (row !== null) {
      let column = 0;
      for (const name in row) {
        // The row's count is not written yet, and one of the next row may be needed.
        if (at + 3 > cells.length) cells = doubled(cells);
        if (names[column] !== name) {
          names[column] = name;
          places[column] = placeOf(name, texts);
        }
        cells[at++] = places[column++] as number;
        cells[at++] = placeOf(row[name] as string, texts);
      }
    }
    if (at + 1 > cells.length) cells = doubled(cells);
    cells[countAt] = (at - countAt - 1) / 2;
  }
  return cells.subarray(0, at);
}

function placeOf(text: string, texts: Map<string, number>): number {
  const known = texts.get(text);
  if (known !== undefined) return known;
  texts.set(text, texts.size);
  return texts.size - 1;
}

function doubled(cells: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(cells.length * 2);
  larger.set(cells);
  return larger;
}

/**
 * Reads a batch back, and checks all of it: whoever wrote it had a stranger's file in hand.
 * @param bounds of the file's batches, this one included
 * @throws where it is none, or where the file has too much
 */
export function decodeBatch(bytes: Buffer, bounds = new BatchBounds()): ResultBatch {
  const count = bytes.readUInt32LE(0);
  if (count > rowsPerBatch) return refuse();
  const cellCount = bytes.readUInt32LE(4);
  const cellsAt = head_bytes + count * 8;
  const codesAt = cellsAt + cellCount * 4;
  if (bytes.length !== codesAt + count + bytes.readUInt32LE(8)) return refuse();
  const numbers = new Float64Array(count);
  new Uint8Array(numbers.buffer).set(bytes.subarray(head_bytes, cellsAt));
  let unreadable = 0;
  for (const number of numbers) {
    if (Number.isNaN(number)) unreadable += 1;
    else if (!isNumber(number)) refuse();
  }
  bounds.addRows(count, unreadable);
  const cells = new Uint32Array(cellCount);
  new Uint8Array(cells.buffer).set(bytes.subarray(cellsAt, codesAt));
  const codes = new Uint8Array(bytes.subarray(codesAt, codesAt + count));
  for (const code of codes) if (code >= verdicts.length) refuse();
  const further: unknown = JSON.parse(bytes.toString('utf8', codesAt + count));
  if (!isRecord(further) || !Array.isArray(further['texts'])) return refuse();
  const texts: readonly unknown[] = further['texts'];
  if (!texts.every(isStorable)) return refuse();
  return {
    count,
    numbers,
    verdicts: codes,
    attributes: cellCount === 0 ? null : attributesOf(cells, texts, count, bounds),
    unreadable: unreadableOf(further['unreadable'], count),
  };
}

/** 7 to 15 digits, as E.164 has them. */
function isNumber(number: number): boolean {
  return Number.isInteger(number) && number >= 1_000_000 && number <= 999_999_999_999_999;
}

function attributesOf(
  cells: Uint32Array,
  texts: readonly string[],
  count: number,
  bounds: BatchBounds,
): ResultBatch['attributes'] {
  const attributes: (Record<string, string> | null)[] = [];
  const isName = new Uint8Array(texts.length);
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    // Where there is no cell left, it ends behind the last of them.
    const end = at + 1 + 2 * (cells[at] ?? 0);
    if (end - at > 2 * bounds.limits.maxColumns + 1) return refuse();
    const row: Record<string, string> | null = end === at + 1 ? null : {};
    let row_bytes = 0;
    let further = 0;
    for (at += 1; at < end; at += 2) {
      const nameAt = cells[at] as number;
      const name = texts[nameAt];
      const value = texts[cells[at + 1] as number];
      if (row === null || name === undefined || !value || name === '__proto__') return refuse();
      if (isName[nameAt] === 0) bounds.addName(name);
      isName[nameAt] = 1;
      row_bytes += value.length;
      if (name !== 'verdict_word' && ++further > compactAttributes)
        row_bytes += looseAttribute_bytes;
      row[name] = value;
    }
    bounds.addAttributes(row_bytes);
    attributes.push(row);
  }
  return at === cells.length ? attributes : refuse();
}

function unreadableOf(unreadable: unknown, count: number): readonly UnreadableRow[] {
  if (!Array.isArray(unreadable) || unreadable.length > count) return refuse();
  return unreadable.map((each: unknown) => {
    if (!isRecord(each)) return refuse();
    const { index, row, problem, masked } = each;
    if (!isCount(index) || index >= count || !isCount(row)) return refuse();
    if (!isProblem(problem) || typeof masked !== 'string') return refuse();
    return { index, row, problem, masked: maskDigits(masked) };
  });
}

function isProblem(value: unknown): value is NumberProblem {
  return numberProblems.some((problem) => problem === value);
}

/** As the reader makes its texts: Postgres refuses U+0000, and terminals obey what is near it. */
function isStorable(text: unknown): text is string {
  return typeof text === 'string' && attributeText(text) === text;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(): never {
  throw new Error('a reader of results said what is no batch');
}
