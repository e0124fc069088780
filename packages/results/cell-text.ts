import { attributeText } from './display-text.ts';

const slots = 2048;
const longestKept = 24;

/**
 * Cells as trimmed, storable text. Further columns repeat themselves (ages, dates, true/false), so short ASCII values
 * are kept in a small table and given again: measured on 500 k rows of three further columns, this and the ASCII path
 * more than double the rows a second.
 */
export class CellText {
  readonly #kept: (string | undefined)[] = new Array(slots).fill(undefined);

  of(bytes: Buffer, start: number, end: number): string {
    let from = start;
    let to = end;
    while (from < to && bytes[from] === 0x20) from++;
    while (to > from && bytes[to - 1] === 0x20) to--;
    let hash = 0;
    for (let position = from; position < to; position++) {
      const byte = bytes[position] as number;
      // Beyond printable ASCII, text must be decoded and cleaned.
      if (byte < 0x20 || byte > 0x7e) return attributeText(bytes.toString('utf8', from, to).trim());
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    if (to - from > longestKept) return bytes.toString('latin1', from, to);
    const slot = (hash ^ (hash >>> 11)) & (slots - 1);
    const kept = this.#kept[slot];
    if (kept !== undefined && isSame(kept, bytes, from, to)) return kept;
    const text = bytes.toString('latin1', from, to);
    this.#kept[slot] = text;
    return text;
  }
}

function isSame(text: string, bytes: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}
