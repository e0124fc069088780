import type { LineSink } from './line-sink.ts';
import type { Refusal } from './read-outcome.ts';
import { refuse } from './read-outcome.ts';
import type { LineWatcher, RecordReader } from './record-reader.ts';
import { refuseLongLine } from './record-reader.ts';
import { RecordScanner, scanOutcome } from './record-scanner.ts';

/** Records of cells, the number in one of them. */
export function readSeparated(
  sink: LineSink,
  options: {
    /** The byte between cells. */
    readonly separator: number;
    readonly hasHeader: boolean;
    /** 0-based. */
    readonly column: number;
    readonly maxLineBytes: number;
    readonly watch?: LineWatcher | undefined;
  },
): RecordReader {
  const { column, maxLineBytes, watch } = options;
  const scanner = new RecordScanner(options.separator);
  let awaitsHeader = options.hasHeader;
  let rest: Buffer = Buffer.alloc(0);
  let restOffset = 0;

  function take(bytes: Buffer): Refusal | undefined {
    if (scanner.isBlank(bytes)) return sink.takeBlank();
    if (awaitsHeader) {
      awaitsHeader = false;
      return undefined;
    }
    const isShort = column >= scanner.cellCount;
    if (watch !== undefined) {
      const [start, end] = isShort ? [0, 0] : [scanner.start(column), scanner.end(column)];
      watch(scanner.texts(bytes), restOffset + start, restOffset + end);
    }
    // A record too short to have the column is a line without a number, not one to skip.
    if (isShort) return sink.takeText('');
    return scanner.hasDoubledQuotes(column)
      ? sink.takeText(scanner.text(bytes, column))
      : sink.takeBytes(bytes, scanner.start(column), scanner.end(column));
  }

  function read(bytes: Buffer, last: boolean): Refusal | undefined {
    let start = 0;
    while (start < bytes.length) {
      const next = scanner.scan(bytes, start, last);
      if (next < 0) {
        keep(bytes, start);
        return refuseUnfinished(next, last);
      }
      if (next - start > maxLineBytes)
        return refuseLongLine(sink.lines + 1, maxLineBytes, 'Record');
      const refusal = take(bytes);
      if (refusal !== undefined) return refusal;
      start = next;
    }
    keep(bytes, start);
    return undefined;
  }

  function keep(bytes: Buffer, start: number): void {
    rest = bytes.subarray(start);
    restOffset += start;
  }

  function refuseUnfinished(outcome: number, last: boolean): Refusal | undefined {
    const line = sink.lines + 1;
    if (outcome === scanOutcome.textAfterQuote) {
      return refuse(
        'unbalanced_quote',
        `In record ${line} a closing quote is followed by more text. A quote inside a quoted cell is written twice; look for one that is missing here or shortly before.`,
        line,
      );
    }
    const tooLong = rest.length > maxLineBytes;
    if (outcome === scanOutcome.incompleteInQuotes && (last || tooLong)) {
      return refuse(
        'unbalanced_quote',
        `The quote opened in record ${line} is not closed ${last ? 'by the end of the upload' : `within ${maxLineBytes} bytes`}. Close it, or remove it.`,
        line,
      );
    }
    return tooLong ? refuseLongLine(line, maxLineBytes, 'Record') : undefined;
  }

  return {
    write: (chunk) => read(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), false),
    end: () => read(rest, true),
  };
}
