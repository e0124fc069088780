import type { CellStyles } from './cell-styles.ts';
import { displayName } from './display-name.ts';
import type { RowConsumer } from './row-consumer.ts';
import type { SharedStrings } from './shared-strings.ts';
import { SheetConsumer } from './sheet-consumer.ts';
import { UnreadableWorkbook } from './unreadable-workbook.ts';
import type { WorkbookReading } from './workbook-limits.ts';
import {
  findWorkbookParts,
  readSharedStrings,
  readStyles,
  type SheetPart,
} from './workbook-parts.ts';
import { XmlTokenizer } from './xml-tokenizer.ts';
import type { Archive } from './zip-archive.ts';
import { readMember } from './zip-member.ts';

/** A workbook whose sheets can be read, one after the other, each as often as wanted. */
export interface Workbook {
  /** Worksheets only, in the order of the tabs. */
  readonly sheets: readonly SheetPart[];
  /** Its days are counted from 1904 instead of 1900. */
  readonly isDate1904: boolean;
  readonly archive: Archive;
  readonly strings: SharedStrings;
  readonly styles: CellStyles | null;
  readonly reading: WorkbookReading;
}

/**
 * Finds a workbook's sheets and reads what they share. Throws `UnreadableWorkbook`, as everything here does.
 * @param withStyles so that numbers that are shown as dates are told as dates
 */
export async function openWorkbook(
  archive: Archive,
  reading: WorkbookReading,
  withStyles: boolean,
): Promise<Workbook> {
  const { sheets, isDate1904, ...parts } = await findWorkbookParts(archive, reading);
  const strings = await readSharedStrings(archive, parts.sharedStrings, reading);
  const styles = withStyles ? await readStyles(archive, parts.styles, reading) : null;
  return { sheets, isDate1904, archive, strings, styles, reading };
}

/**
 * A cell that names a shared string has 22 bytes, and its text up to `maxCellBytes`: this much XML at a time keeps what
 * callers gather from it, and the time until they may pause, small.
 */
const step_bytes = 16_384;

/**
 * Tells a sheet's cells to `rows`, to the sheet's very end. Yields after each 16 KiB of XML, so that its caller can take
 * what has gathered. Rows that came before a refusal must not be kept.
 */
export async function* readSheet(
  workbook: Workbook,
  sheet: SheetPart,
  rows: RowConsumer,
): AsyncGenerator<void, void> {
  const { archive, reading } = workbook;
  const consumer = consumerOf(workbook, rows);
  const tokenizer = new XmlTokenizer(consumer);
  try {
    const entry = entryOf(archive, sheet);
    // What its directory says is looked at before anything is read: a member that is larger than that is refused when it is.
    reading.spend(entry.uncompressedSize);
    for await (const piece of readMember(archive, entry, reading.limits)) {
      for (let at = 0; at < piece.length; at += step_bytes) {
        tokenizer.push(piece.subarray(at, at + step_bytes));
        yield;
      }
    }
    if (!consumer.isClosed) {
      throw new UnreadableWorkbook('cut', 'the sheet ends before its table does');
    }
    tokenizer.end();
  } catch (error) {
    if (error instanceof UnreadableWorkbook) error.member ??= displayName(sheet.member);
    throw error;
  }
}

/** Tells a sheet's first cells to `rows`, until it has enough or the table ends. */
export async function sampleSheet(
  workbook: Workbook,
  sheet: SheetPart,
  rows: RowConsumer,
  hasEnough: () => boolean,
): Promise<void> {
  const { archive, reading } = workbook;
  const consumer = consumerOf(workbook, rows);
  const tokenizer = new XmlTokenizer(consumer);
  // Counted, since a sheet of blank rows is read whole, and there may be many.
  const spend = (bytes: number) => reading.spend(bytes);
  for await (const piece of readMember(archive, entryOf(archive, sheet), reading.limits, spend)) {
    for (let at = 0; at < piece.length; at += step_bytes) {
      tokenizer.push(piece.subarray(at, at + step_bytes));
      if (hasEnough() || consumer.isClosed) return;
    }
  }
}

function consumerOf({ strings, reading, styles }: Workbook, rows: RowConsumer): SheetConsumer {
  return new SheetConsumer(rows, strings, reading.limits, styles);
}

function entryOf(archive: Archive, sheet: SheetPart) {
  const entry = archive.members.get(sheet.member);
  if (entry !== undefined) return entry;
  throw new UnreadableWorkbook('corrupt', 'a sheet of the workbook is not there');
}
