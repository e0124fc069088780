import type { CellStyles } from './cell-styles.ts';
import { plainNumber, shownText } from './number-format.ts';
import type { RowConsumer } from './row-consumer.ts';
import type { SharedStrings } from './shared-strings.ts';
import { UnreadableWorkbook } from './unreadable-workbook.ts';
import type { WorkbookLimits } from './workbook-limits.ts';
import { decodeEntities, hasReference } from './xml-text.ts';
import { localNameIs, type XmlConsumer } from './xml-tokenizer.ts';

/** The `t` of a cell (ECMA-376 part 1 §18.18.11), as far as it changes how the value is read. */
type CellType = 'number' | 'shared' | 'boolean' | 'text' | 'date';

const letterA = 0x41;
const trueText = Buffer.from('true');
const falseText = Buffer.from('false');

/** Cells of a worksheet's XML, by their references, as rows. */
export class SheetConsumer implements XmlConsumer {
  /** `</sheetData>` was reached: without it rows are lost, whatever the archive's CRC says. */
  isClosed = false;
  readonly #rows: RowConsumer;
  readonly #strings: SharedStrings;
  readonly #limits: WorkbookLimits;
  readonly #styles: CellStyles | null;
  #isInData = false;
  #isInRow = false;
  #isInCell = false;
  #isInValue = false;
  #isInPhonetic = false;
  #isInRun = false;
  #row = 0;
  #column = -1;
  #type: CellType = 'number';
  #style = -1;
  /** A value in one piece stays where it is (`#end` > 0); one in several is joined as text. */
  #start = 0;
  #end = 0;
  #joined = '';

  constructor(
    rows: RowConsumer,
    strings: SharedStrings,
    limits: WorkbookLimits,
    styles: CellStyles | null,
  ) {
    this.#rows = rows;
    this.#strings = strings;
    this.#limits = limits;
    this.#styles = styles;
  }

  open(bytes: Buffer, nameStart: number, nameEnd: number, tagEnd: number): void {
    const length = nameEnd - nameStart;
    if (length === 1) {
      const name = bytes[nameStart];
      // c, v, t, r: cell, value, text, run of a rich text.
      if (name === 0x63 && this.#isInRow) this.#openCell(bytes, nameEnd, tagEnd);
      else if (name === 0x76 || name === 0x74) {
        this.#isInValue = this.#isInCell && !this.#isInPhonetic;
      } else if (name === 0x72) this.#isInRun = this.#isInCell;
      return;
    }
    if (localNameIs(bytes, nameStart, nameEnd, 'row') && this.#isInData) {
      if (this.#isInRow) throw new UnreadableWorkbook('malformed', 'a row inside a row', this.#row);
      this.#isInRow = true;
      this.#column = -1;
      this.#rows.beginRow(++this.#row);
    } else if (localNameIs(bytes, nameStart, nameEnd, 'sheetData')) {
      if (this.isClosed) throw new UnreadableWorkbook('malformed', 'two tables in one sheet');
      this.#isInData = true;
    } else if (localNameIs(bytes, nameStart, nameEnd, 'rPh')) this.#isInPhonetic = true;
  }

  text(bytes: Buffer, start: number, end: number, beforeClose: boolean, isRaw: boolean): void {
    if (!this.#isInValue) return;
    if (end - start > this.#limits.maxCellBytes) this.#refuseCell();
    if (beforeClose && this.#joined === '' && !isRaw) {
      this.#start = start;
      this.#end = end;
      return;
    }
    const text = bytes.toString('utf8', start, end);
    this.#joined += isRaw ? text : decodeEntities(text);
    if (this.#joined.length > this.#limits.maxCellBytes) this.#refuseCell();
  }

  close(bytes: Buffer, nameStart: number, nameEnd: number): void {
    const length = nameEnd - nameStart;
    if (length === 1) {
      const name = bytes[nameStart];
      if (name === 0x63 && this.#isInCell) this.#isInCell = false;
      else if ((name === 0x76 || name === 0x74) && this.#isInValue) {
        this.#isInValue = false;
        // A run's text is a part only; the value is whole at </is>.
        if (!this.#isInRun) this.#value(bytes);
        else if (this.#end > 0) this.#join(bytes);
      } else if (name === 0x72) this.#isInRun = false;
      return;
    }
    if (localNameIs(bytes, nameStart, nameEnd, 'row') && this.#isInRow) {
      this.#isInRow = false;
      this.#rows.endRow();
    } else if (localNameIs(bytes, nameStart, nameEnd, 'is') && this.#isInCell) this.#value(bytes);
    else if (localNameIs(bytes, nameStart, nameEnd, 'sheetData')) {
      this.#isInData = false;
      this.isClosed = true;
    } else if (localNameIs(bytes, nameStart, nameEnd, 'rPh')) this.#isInPhonetic = false;
  }

  /** Reads `r` (the reference: letters are the column), `t` (the type) and `s` (the style) from a cell's tag. */
  #openCell(bytes: Buffer, attributesStart: number, tagEnd: number): void {
    this.#isInCell = true;
    this.#type = 'number';
    this.#style = -1;
    this.#start = 0;
    this.#end = 0;
    this.#joined = '';
    let column = this.#column + 1;
    let position = attributesStart;
    while (position < tagEnd) {
      const nameAt = position + 1;
      while (position < tagEnd && bytes[position] !== 0x3d) position++;
      const openingQuote = ++position;
      const quote = bytes[openingQuote];
      if (openingQuote >= tagEnd || (quote !== 0x22 && quote !== 0x27)) break;
      position++;
      while (position < tagEnd && bytes[position] !== quote) position++;
      const isOneLetter = openingQuote === nameAt + 2;
      if (isOneLetter && bytes[nameAt] === 0x72) {
        column = columnOf(bytes, openingQuote + 1, position);
      } else if (isOneLetter && bytes[nameAt] === 0x74) {
        this.#type = typeOf(bytes, openingQuote + 1, position);
      } else if (isOneLetter && bytes[nameAt] === 0x73) {
        this.#style = indexIn(bytes, openingQuote + 1, position);
      }
      position++;
    }
    if (column < 0) throw new UnreadableWorkbook('malformed', 'a cell without a place', this.#row);
    if (column >= this.#limits.maxColumns) {
      const message = `more than ${this.#limits.maxColumns} columns`;
      throw new UnreadableWorkbook('too_many_columns', message, this.#row);
    }
    this.#column = column;
  }

  /** Hands the cell's value on; `bytes` are those that a value in one piece stands in. */
  #value(bytes: Buffer): void {
    if (this.#end > 0 && hasReference(bytes, this.#start, this.#end)) this.#join(bytes);
    if (this.#end > 0) this.#hand(bytes, this.#start, this.#end);
    else if (this.#joined !== '') {
      const content = Buffer.from(this.#joined);
      this.#hand(content, 0, content.length);
    }
    this.#end = 0;
    this.#joined = '';
  }

  #hand(bytes: Buffer, start: number, end: number): void {
    const column = this.#column;
    if (this.#type === 'shared') {
      const index = indexIn(bytes, start, end);
      if (index < 0 || index >= this.#strings.count) {
        throw new UnreadableWorkbook(
          'corrupt',
          'a cell names a shared string that is not there',
          this.#row,
        );
      }
      this.#strings.read(index, (shared, from, to) => {
        this.#rows.cell(column, shared, from, to, 'text');
      });
    } else if (this.#type === 'boolean') {
      const word = bytes[start] === 0x31 ? trueText : falseText;
      this.#rows.cell(column, word, 0, word.length, 'text');
    } else if (this.#type === 'number') this.#number(bytes, start, end);
    else this.#rows.cell(column, bytes, start, end, this.#type);
  }

  #number(bytes: Buffer, start: number, end: number): void {
    const column = this.#column;
    const format = this.#styles?.formatOf(this.#style) ?? plainNumber;
    const kind = format.kind === 'number' || format.kind === 'places' ? 'number' : 'date';
    const isPlain = format.kind === 'number' || format.kind === 'date';
    const shown = isPlain ? null : shownText(format, bytes.toString('latin1', start, end));
    if (shown === null) return this.#rows.cell(column, bytes, start, end, kind);
    const text = Buffer.from(shown);
    this.#rows.cell(column, text, 0, text.length, kind);
  }

  #join(bytes: Buffer): void {
    this.#joined += decodeEntities(bytes.toString('utf8', this.#start, this.#end));
    this.#end = 0;
  }

  #refuseCell(): never {
    const message = `a cell of more than ${this.#limits.maxCellBytes} bytes`;
    throw new UnreadableWorkbook('cell_too_large', message, this.#row);
  }
}

/** 0-based column of a reference such as `B2`; −1 when it is none. Stops counting far beyond any limit. */
function columnOf(bytes: Buffer, start: number, end: number): number {
  let column = 0;
  for (let position = start; position < end; position++) {
    const letter = (bytes[position] as number) - letterA;
    if (letter < 0 || letter > 25) return column - 1;
    column = Math.min(column * 26 + letter + 1, 1_000_000);
  }
  return column - 1;
}

function typeOf(bytes: Buffer, start: number, end: number): CellType {
  if (end - start !== 1) return 'text';
  const letter = bytes[start];
  if (letter === 0x73) return 'shared';
  if (letter === 0x62) return 'boolean';
  if (letter === 0x64) return 'date';
  return letter === 0x6e ? 'number' : 'text';
}

/** A non-negative integer, or −1. */
function indexIn(bytes: Buffer, start: number, end: number): number {
  if (end - start > 9) return -1;
  let index = 0;
  for (let position = start; position < end; position++) {
    const digit = (bytes[position] as number) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    index = index * 10 + digit;
  }
  return index;
}
