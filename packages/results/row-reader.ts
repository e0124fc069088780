import type { CellKind, RowConsumer } from '@rollcall/spreadsheets';
import { compactAttributes, looseAttribute_bytes } from './batch-bounds.ts';
import { attributeText, maskDigits } from './display-text.ts';
import { isZeroed, type NumberProblem, numberProblem, parseNumberCell } from './number-cell.ts';
import type { ReadContext } from './read-context.ts';
import type { TableLayout } from './table-shape.ts';
import { Unreadable } from './unreadable.ts';
import { undetermined, verdictCode } from './verdict-words.ts';

/** How the last row of a part ended; a bare file that lacks its last line end is judged by it. */
export interface LastRow {
  readonly row: number;
  readonly isWhole: boolean;
}

/** Turns cells into rows of a batch, by a layout. One reader serves one part (member, sheet, bare file). */
export class RowReader implements RowConsumer {
  /** Data rows of this part. */
  rows = 0;
  readonly #context: ReadContext;
  readonly #layout: TableLayout;
  readonly #numberColumn: number;
  readonly #verdictColumn: number;
  readonly #listedCode: number;
  readonly #names: string[] = [];
  #headerIsDue: boolean;

  #row = 0;
  #width = 0;
  #hasContent = false;
  #number = 0;
  #masked = '';
  #isZeroed = false;
  #verdict = 0;
  #oddWord = '';
  #attributes: Record<string, string> | null = null;
  #attribute_bytes = 0;
  #attributeCount = 0;

  constructor(context: ReadContext, layout: TableLayout) {
    const { shape, verdict } = layout;
    this.#context = context;
    this.#layout = layout;
    this.#headerIsDue = shape.hasHeader;
    this.#numberColumn = shape.numberColumn;
    this.#verdictColumn = verdict.kind === 'column' ? verdict.column : -1;
    this.#listedCode = verdict.kind === 'listed' ? verdictCode(verdict.verdict) : -1;
  }

  beginRow(row: number): void {
    this.#row = row;
    this.#width = 0;
    this.#hasContent = false;
    this.#number = noNumberCell;
    this.#masked = '';
    this.#isZeroed = false;
    this.#verdict = -1;
    this.#oddWord = '';
    this.#attributes = null;
    this.#attribute_bytes = 0;
    this.#attributeCount = 0;
  }

  cell(column: number, bytes: Buffer, start: number, end: number, kind: CellKind): void {
    if (column >= this.#width) this.#width = column + 1;
    if (start === end) return;
    if (!this.#hasContent && !isBlank(bytes, start, end)) this.#hasContent = true;
    if (column === this.#numberColumn) {
      this.#number = parseNumberCell(bytes, start, end, kind === 'number');
      if (this.#number >= 0) return;
      this.#masked = maskDigits(bytes.toString('utf8', start, Math.min(end, start + 96)));
      this.#isZeroed = isZeroed(bytes, start, end);
    } else if (column === this.#verdictColumn) {
      const { words } = this.#context;
      this.#verdict = words.codeOf(bytes, start, end);
      if (this.#verdict >= 0 && !words.hasNested) return;
      this.#oddWord = bytes
        .toString('utf8', start, Math.min(end, start + 256))
        .trim()
        .slice(0, 64);
      if (this.#verdict >= 0) return;
      this.#attribute_bytes += this.#oddWord.length;
      this.#attribute('verdict_word', attributeText(this.#oddWord));
    } else {
      const name = this.#names[column] ?? this.#nameOf(column);
      if (name === dropped) return;
      this.#attribute_bytes += end - start;
      if (++this.#attributeCount > compactAttributes) this.#attribute_bytes += looseAttribute_bytes;
      if (this.#attribute_bytes > this.#context.limits.maxAttributeBytesPerRow) this.#refuseRow();
      this.#attribute(name, this.#context.cellText.of(bytes, start, end));
    }
  }

  endRow(): void {
    if (!this.#hasContent) return;
    if (this.#headerIsDue) {
      this.#headerIsDue = false;
      return;
    }
    const context = this.#context;
    if (++context.rows > context.limits.maxRows) {
      throw new Unreadable('too_many_rows', `more than ${context.limits.maxRows} rows`, this.#row);
    }
    this.rows++;
    let verdict = this.#listedCode >= 0 ? this.#listedCode : this.#verdict;
    if (verdict < 0) verdict = undetermined;
    if (verdict === undetermined) context.undeterminedRows++;
    if (this.#number < 0) {
      context.unreadableRows++;
      if (this.#isZeroed) context.zeroedRows++;
      context.batches.explain(this.#row, this.#problem(), this.#masked);
    }
    if (this.#attribute_bytes > 0) context.spendAttributes(this.#attribute_bytes);
    const number = this.#number < 0 ? Number.NaN : this.#number;
    context.batches.add(number, verdict, this.#attributes, this.#attribute_bytes);
  }

  /**
   * How the row that was read last stands, for a text that may have been cut there: only missing cells and the last cell
   * can tell. A last number that is none, and a verdict that is the beginning of a known word (itself known or not), are what cuts leave.
   */
  lastRow(): LastRow {
    if (!this.#hasContent) return { row: this.#row, isWhole: true };
    const lastColumn = this.#width - 1;
    const isWide = this.#width >= this.#layout.shape.width;
    const isCutNumber = lastColumn === this.#numberColumn && this.#number < 0;
    const isCutVerdict =
      lastColumn === this.#verdictColumn &&
      (this.#verdict < 0 || this.#oddWord !== '') &&
      this.#context.words.isBeginning(this.#oddWord);
    return { row: this.#row, isWhole: isWide && !isCutNumber && !isCutVerdict };
  }

  #problem(): NumberProblem {
    return this.#number === noNumberCell ? 'empty' : numberProblem(this.#number);
  }

  #refuseRow(): never {
    const { maxAttributeBytesPerRow } = this.#context.limits;
    const message = `a row with more than ${maxAttributeBytesPerRow} bytes of further columns`;
    throw new Unreadable('cell_too_large', message, this.#row);
  }

  #attribute(name: string, value: string): void {
    if (value === '') return;
    this.#attributes ??= {};
    this.#attributes[name] = value;
  }

  /** Names a further column once: its header, or its place where it has none, with doubles told apart. */
  #nameOf(column: number): string {
    const header = this.#layout.shape.names[column] ?? '';
    // An assignment to `__proto__` would change the object instead of adding to it.
    let name = header === '' || header === '__proto__' ? `column_${column + 1}` : header;
    const isDouble = this.#layout.shape.names.indexOf(header) < column && name === header;
    if (isDouble || name === 'verdict_word') name = `${name}_${column + 1}`;
    if (this.#context.isDropped(header)) name = dropped;
    this.#names[column] = name;
    return name;
  }
}

const noNumberCell = -1000;
const dropped = '';

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let position = start; position < end; position++) {
    if ((bytes[position] as number) > 0x20) return false;
  }
  return true;
}
