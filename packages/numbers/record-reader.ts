import type { Refusal } from './read-outcome.ts';
import { refuseOver } from './read-outcome.ts';

/** Cuts an upload's decoded bytes into records and hands their numbers on. One for each shape of upload. */
export interface RecordReader {
  /** Bytes in upload order, cut anywhere. Anything but undefined ends the reading. */
  readonly write: (chunk: Buffer) => Refusal | undefined;
  /** The bytes have ended. */
  readonly end: () => Refusal | undefined;
}

/**
 * Sees the cells of each record that is a line, just before its number is taken, and where the cell of the number stands: from `start` to
 * before `end`, counted in bytes that the reader was given. A JSON text has its quotes, a cell of a table has not.
 */
export type LineWatcher = (cells: readonly string[], start: number, end: number) => void;

export function refuseLongLine(line: number, maxLineBytes: number, what: string): Refusal {
  return refuseOver(
    'maxLineBytes',
    'line_too_long',
    `${what} ${line} is longer than ${maxLineBytes} bytes. Put one number on a line.`,
    line,
  );
}
