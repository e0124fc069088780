import { compileNormaliser } from './compile-normaliser.ts';
import { decodeText } from './decode-text.ts';
import type { NumberSorter } from './number-sorter.ts';
import type { CleanBytesReader } from './read-clean-bytes.ts';
import { compileCleanBytesReader, notClean } from './read-clean-bytes.ts';
import type { Refusal } from './read-outcome.ts';
import { refuseOver } from './read-outcome.ts';
import type { RejectLog } from './reject-log.ts';
import type { RejectReason } from './reject-reason.ts';

/** Takes one number cell after another, in line order, and sends each to the sorter or the reject log. */
export class LineSink {
  readonly #normalise: (text: string) => number | RejectReason;
  readonly #readClean: CleanBytesReader;
  readonly #linesMax: number;
  readonly #sorter: Pick<NumberSorter, 'add'>;
  readonly #rejects: Pick<RejectLog, 'add'>;
  #lines = 0;
  #blanks = 0;

  constructor(
    sorter: Pick<NumberSorter, 'add'>,
    rejects: Pick<RejectLog, 'add'>,
    options: { readonly defaultRegion: string | undefined; readonly maxLines: number },
  ) {
    this.#sorter = sorter;
    this.#rejects = rejects;
    this.#normalise = compileNormaliser(options.defaultRegion);
    this.#readClean = compileCleanBytesReader(options.defaultRegion);
    this.#linesMax = options.maxLines;
  }

  /** Lines taken so far. */
  get lines(): number {
    return this.#lines;
  }

  /** A cell as bytes of the upload. Anything but undefined ends the reading. */
  takeBytes(bytes: Buffer, start: number, end: number): Refusal | undefined {
    if (this.#lines === this.#linesMax) return this.#tooMany();
    const number = this.#readClean(bytes, start, end);
    if (number === notClean) return this.takeText(decodeText(bytes, start, end));
    this.#lines += 1;
    this.#sorter.add(number);
    return undefined;
  }

  /** A cell as text. */
  takeText(text: string): Refusal | undefined {
    if (this.#lines === this.#linesMax) return this.#tooMany();
    this.#lines += 1;
    const read = this.#normalise(text);
    if (typeof read === 'number') this.#sorter.add(read);
    else this.#rejects.add(this.#lines, read, text);
    return undefined;
  }

  /** A record that cannot hold a number: a JSON object, `null`, a fraction. */
  takeNonNumber(text: string): Refusal | undefined {
    if (this.#lines === this.#linesMax) return this.#tooMany();
    this.#lines += 1;
    this.#rejects.add(this.#lines, 'not_a_number', text);
    return undefined;
  }

  /** A blank record: no line, but it costs time, and a double-spaced upload is the most that is honest. */
  takeBlank(): Refusal | undefined {
    this.#blanks += 1;
    const recordsMax = 2 * this.#linesMax + 100;
    if (this.#lines + this.#blanks <= recordsMax) return undefined;
    return refuseOver(
      'maxLines',
      'too_many_lines',
      `The upload has more than ${recordsMax} records, most of them blank. Take the blank lines out.`,
      this.#lines + 1,
    );
  }

  #tooMany(): Refusal {
    return refuseOver(
      'maxLines',
      'too_many_lines',
      `The upload has more than ${this.#linesMax} lines. Split it into smaller jobs.`,
      this.#lines + 1,
    );
  }
}
