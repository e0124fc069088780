import { once } from 'node:events';
import { failed } from './command-failed.ts';
import { counted, plainJson, plainLines } from './plain-text.ts';
import { renderTable } from './table.ts';

/** A stream that we write to: standard output, standard error, or a test's. */
export type Stream = NodeJS.WritableStream & { isTTY?: boolean; columns?: number };

export interface OutputOptions {
  readonly out: Stream;
  readonly err: Stream;
  readonly json: boolean;
  readonly colors: boolean;
}

export interface TableOptions {
  /** Rows of a table whose head was written before. */
  readonly continues?: boolean;
  /** Headings of columns that a narrow terminal does without, the first of them first. */
  readonly lessImportant?: readonly string[];
  /** Headings of columns that are left out in any case, as they were above. */
  readonly without?: readonly string[];
}

/**
 * Where a command says things: what was asked for on standard output, everything about it on standard error. On a terminal
 * tables are aligned; elsewhere they are tab-separated with their header, nothing cut and nothing coloured.
 */
export class Output {
  readonly json: boolean;
  readonly err: Stream;
  /** Standard error is a terminal: progress may be drawn. */
  readonly drawsProgress: boolean;
  readonly isTerminal: boolean;
  readonly #out: Stream;
  readonly #colors: boolean;

  constructor({ out, err, json, colors }: OutputOptions) {
    this.json = json;
    this.err = err;
    this.#out = out;
    this.#colors = colors;
    this.isTerminal = out.isTTY === true;
    this.drawsProgress = err.isTTY === true && colors;
  }

  /** Waits while the reader is slow, so that ten million rows need no memory. */
  async write(text: string | Uint8Array): Promise<void> {
    if (this.#out.write(text)) return;
    await once(this.#out, 'drain');
  }

  async line(text = ''): Promise<void> {
    await this.write(`${text}\n`);
  }

  /** One value, or one row of many. */
  async value(value: unknown): Promise<void> {
    await this.line(plainJson(value));
  }

  /** A table; its first row are the headings. Returns the headings of what a narrow terminal had to do without, and says so once. */
  async table(
    rows: readonly (readonly string[])[],
    { continues = false, lessImportant = [], without = [] }: TableOptions = {},
  ): Promise<readonly string[]> {
    const table = renderTable(rows, {
      aligned: this.isTerminal,
      columns: this.#out.columns ?? 80,
      lessImportant,
      without,
    });
    const { leftOut, hasHead } = table;
    const lines = continues && hasHead ? table.lines.slice(1) : [...table.lines];
    if (!continues && hasHead && this.isTerminal && this.#colors && lines[0] !== undefined) {
      lines[0] = `\u001b[1m${lines[0]}\u001b[0m`;
    }
    if (lines.length > 0) await this.write(`${lines.join('\n')}\n`);
    if (!continues && leftOut.length > 0) {
      this.note(
        `${counted(leftOut.length, 'column')} left out (${leftOut.join(', ')}): a wider terminal, a pipe or --json has all.`,
      );
    }
    return leftOut;
  }

  /** Something about the command and not its answer: on standard error, and nowhere where JSON was asked for. */
  note(text: string): void {
    if (!this.json) this.err.write(`${text}\n`);
  }

  /** A download: its bytes as they are, on a terminal the text of them. */
  async bytes(pieces: AsyncIterable<Uint8Array>, what: string): Promise<void> {
    if (this.isTerminal && what === 'xlsx') {
      throw failed('usage', 'binary_to_terminal', 'A workbook is no text', 'Give --out FILE.');
    }
    const decoder = new TextDecoder();
    for await (const piece of pieces) {
      // A file is written as it came; on a screen a cell of somebody's list must not give orders.
      await this.write(
        this.isTerminal ? plainLines(decoder.decode(piece, { stream: true })) : piece,
      );
    }
  }
}
