import { type CellKind, cellText, type RowConsumer, wholeNumberText } from '@rollcall/spreadsheets';
import type { LineSink } from './line-sink.ts';
import type { Refusal } from './read-outcome.ts';
import { type LineWatcher, refuseLongLine } from './record-reader.ts';

const space = 0x20;
const digitZero = 0x30;
const underscore = 0x5f;
const letterX = 0x78;
/** Longer texts are no numbers, whatever follows. */
const heldBytesMax = 4_096;

export interface SheetColumns {
  readonly hasHeader: boolean;
  /** 0-based. */
  readonly column: number;
  readonly maxLineBytes: number;
  readonly isDate1904: boolean;
  readonly watch?: LineWatcher | undefined;
}

/** Rows of a sheet as lines: a row without content is blank, the first other one is the header where there is one. */
export class SheetLines implements RowConsumer {
  /** Ends the reading; rows that follow are left alone. */
  refusal: Refusal | undefined;
  readonly #sink: LineSink;
  readonly #columns: SheetColumns;
  #awaitsHeader: boolean;
  #hasContent = false;
  #rowBytes = 0;
  #cells: string[] = [];
  /** The cell of the number, copied: whether its row is a line is known at the row's end. */
  readonly #held = Buffer.alloc(heldBytesMax);
  #heldBytes = 0;
  #heldKind: CellKind = 'text';

  constructor(sink: LineSink, columns: SheetColumns) {
    this.#sink = sink;
    this.#columns = columns;
    this.#awaitsHeader = columns.hasHeader;
  }

  beginRow(): void {
    this.#hasContent = false;
    this.#rowBytes = 0;
    this.#heldBytes = 0;
    if (this.#columns.watch !== undefined) this.#cells = [];
  }

  cell(column: number, bytes: Buffer, start: number, end: number, kind: CellKind): void {
    if (this.refusal !== undefined) return;
    const { maxLineBytes, watch, isDate1904 } = this.#columns;
    this.#rowBytes += end - start;
    if (this.#rowBytes > maxLineBytes) {
      this.refusal = refuseLongLine(this.#sink.lines + 1, maxLineBytes, 'Row');
      return;
    }
    this.#hasContent ||= !isBlank(bytes, start, end);
    if (watch !== undefined) {
      while (this.#cells.length < column) this.#cells.push('');
      this.#cells[column] = cellText(bytes, start, end, kind, isDate1904);
    }
    if (column !== this.#columns.column) return;
    this.#heldBytes = bytes.copy(this.#held, 0, start, end);
    this.#heldKind = kind;
  }

  endRow(): void {
    if (this.refusal !== undefined) return;
    if (!this.#hasContent) this.refusal = this.#sink.takeBlank();
    else if (this.#awaitsHeader) this.#awaitsHeader = false;
    else {
      // Where it stands in the file says nothing: the XML is packed, and texts are shared.
      this.#columns.watch?.(this.#cells, 0, 0);
      this.refusal = this.#take();
    }
  }

  #take(): Refusal | undefined {
    const held = this.#held;
    const length = this.#heldBytes;
    const kind = this.#heldKind;
    if (length === 0) return this.#sink.takeText('');
    if (kind === 'text' && length < heldBytesMax && !hasEscape(held, length)) {
      return this.#sink.takeBytes(held, 0, length);
    }
    // The text path takes a dot for punctuation, and would make a longer number of a fraction.
    if (kind === 'number' && isDigits(held, length)) return this.#sink.takeBytes(held, 0, length);
    const text = cellText(held, 0, length, kind, this.#columns.isDate1904);
    const isNumber = kind === 'text' || (kind === 'number' && wholeNumberText(text) !== null);
    return isNumber ? this.#sink.takeText(text) : this.#sink.takeNonNumber(text);
  }
}

/** By the rule for records of text: nothing but blanks, and NUL is none. */
export function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte > space || byte === 0) return false;
  }
  return true;
}

function isDigits(bytes: Buffer, length: number): boolean {
  for (let at = 0; at < length; at += 1) {
    const digit = (bytes[at] ?? 0) - digitZero;
    if (digit < 0 || digit > 9) return false;
  }
  return true;
}

function hasEscape(bytes: Buffer, length: number): boolean {
  for (let at = 0; at + 1 < length; at += 1) {
    if (bytes[at] === underscore && bytes[at + 1] === letterX) return true;
  }
  return false;
}
