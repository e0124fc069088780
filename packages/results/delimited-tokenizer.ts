import { CarryBuffer, type RowConsumer } from '@rollcall/spreadsheets';
import type { ResultLimits } from './result-limits.ts';
import { Unreadable } from './unreadable.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const quote = 0x22;

/** What `#record` answers when the record's end is not here yet; any other answer is where the next one begins. */
const notHereYet = -1;
const insideQuotes = -2;

/**
 * Records of delimited text (RFC 4180, with LF, CRLF or CR, and a separator of choice) out of pieces of bytes. Text
 * after a closing quote is refused: it is what an unbalanced quote looks like, which would otherwise swallow rows.
 */
export class DelimitedTokenizer {
  readonly #separator: number;
  readonly #limits: ResultLimits;
  readonly #consumer: RowConsumer;
  readonly #carry = new CarryBuffer();
  /** The record being read, 1-based. */
  #row = 1;
  #skipsLineFeed = false;

  constructor(separator: string, limits: ResultLimits, consumer: RowConsumer) {
    this.#separator = separator.charCodeAt(0);
    this.#limits = limits;
    this.#consumer = consumer;
  }

  push(piece: Uint8Array): void {
    const carry = this.#carry;
    carry.append(piece);
    let position = 0;
    for (;;) {
      if (this.#skipsLineFeed && position < carry.length) {
        if (carry.bytes[position] === lineFeed) position++;
        this.#skipsLineFeed = false;
      }
      const next = this.#record(position);
      if (next < 0) break;
      this.#row++;
      this.#refuseEndlessBlanks();
      position = next;
    }
    carry.keepFrom(position);
    if (carry.kept_bytes > this.#limits.maxRecordBytes) {
      const message = `a record of more than ${this.#limits.maxRecordBytes} bytes`;
      throw new Unreadable('cell_too_large', message, this.#row);
    }
  }

  /**
   * Reads the last record where it has no line end.
   * @returns whether the text ended with a line end (or was empty)
   */
  end(): boolean {
    const carry = this.#carry;
    if (carry.kept_bytes === 0) return true;
    carry.append(Buffer.from('\n'));
    const next = this.#record(0);
    if (next < 0) throw new Unreadable('cut', 'ends inside quotes', this.#row);
    carry.keepFrom(next);
    return false;
  }

  #record(recordStart: number): number {
    const { bytes, length } = this.#carry;
    if (recordStart >= length) return notHereYet;
    const separator = this.#separator;
    const consumer = this.#consumer;
    consumer.beginRow(this.#row);
    let position = recordStart;
    for (let column = 0; ; column++) {
      if (column === this.#limits.maxColumns) {
        const message = `more than ${this.#limits.maxColumns} columns`;
        throw new Unreadable('too_many_columns', message, this.#row);
      }
      if (position < length && bytes[position] === quote) {
        position = this.#quotedCell(column, position);
        if (position < 0) return position;
      } else {
        const start = position;
        let byte = 0;
        while (position < length) {
          byte = bytes[position] as number;
          if (byte === separator || byte === lineFeed || byte === carriageReturn) break;
          position++;
        }
        if (position >= length) return notHereYet;
        if (position - start > this.#limits.maxCellBytes) this.#refuseCell();
        consumer.cell(column, bytes, start, position, 'text');
      }
      const ending = bytes[position];
      position++;
      if (ending === separator) continue;
      consumer.endRow();
      if (ending === carriageReturn) this.#skipsLineFeed = true;
      return position;
    }
  }

  /** Reads a cell that begins with a quote; answers where its separator or line end stands. */
  #quotedCell(column: number, openingQuote: number): number {
    const { bytes, length } = this.#carry;
    const start = openingQuote + 1;
    let hasQuotes = false;
    let position = start;
    for (;;) {
      while (position < length && bytes[position] !== quote) position++;
      // The byte behind a quote tells whether it closes or is doubled.
      if (position + 1 >= length) return insideQuotes;
      if (bytes[position + 1] !== quote) break;
      hasQuotes = true;
      position += 2;
    }
    const after = bytes[position + 1];
    if (after !== this.#separator && after !== lineFeed && after !== carriageReturn) {
      throw new Unreadable('malformed', 'text after a closing quote', this.#row);
    }
    if (position - start > this.#limits.maxCellBytes) this.#refuseCell();
    if (hasQuotes) {
      const text = bytes.toString('latin1', start, position).replaceAll('""', '"');
      const content = Buffer.from(text, 'latin1');
      this.#consumer.cell(column, content, 0, content.length, 'text');
    } else {
      this.#consumer.cell(column, bytes, start, position, 'text');
    }
    return position + 1;
  }

  /** Blank records are no data rows, but each costs time: a double-spaced file is the most that is honest. */
  #refuseEndlessBlanks(): void {
    const { maxRows } = this.#limits;
    if (this.#row > maxRows * 2 + 100) {
      throw new Unreadable('too_many_rows', `more than twice ${maxRows} records`, this.#row);
    }
  }

  #refuseCell(): never {
    const message = `a cell of more than ${this.#limits.maxCellBytes} bytes`;
    throw new Unreadable('cell_too_large', message, this.#row);
  }
}
