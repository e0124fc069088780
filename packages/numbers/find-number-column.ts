import { EventLoopPause } from './event-loop-pause.ts';
import { isNumberHeader } from './header-aliases.ts';
import type { NumberColumn } from './intake.ts';
import type { Refusal } from './read-outcome.ts';
import { refuse } from './read-outcome.ts';

export interface FoundColumn {
  readonly kind: 'found';
  readonly column: NumberColumn;
  readonly header?: readonly string[];
}

// Digits with signs, or anything that a spreadsheet would call a number: data, however bad.
const digitsAndSigns = /^[+'"]*[\d\s().\-/]+$/;
const sevenDigits = /(?:\d\D*){7}/;

/**
 * Finds the header and the column of numbers in the first records of a table.
 *
 * The first record is a header when none of its cells is a number of any kind, when it holds the name
 * asked for, or when a cell is a usual name of the column and none holds seven digits. The column is the
 * one asked for, by name (any case) or else by 1-based index; or the one that holds valid numbers. Where
 * several do, usual names decide, and where these do not single one out either, nobody guesses. A usual name
 * without a valid number loses to a column that has some ("number" may be the house's).
 *
 * Lets the event loop turn meanwhile: hostile cells take 10 µs each to be found no numbers, and there may be 20,000.
 */
export async function findNumberColumn(
  records: readonly (readonly string[])[],
  wanted: string | undefined,
  isValid: (text: string) => boolean,
): Promise<FoundColumn | Refusal> {
  const pause = new EventLoopPause();
  const [first = []] = records;
  const named = wanted === undefined ? -1 : indexOfName(first, wanted);
  const isData = (cell: string): boolean => cell !== '' && (isNumeric(cell) || isValid(cell));
  const hasHeader =
    named >= 0 ||
    !(await someCell(first, isData, pause)) ||
    (first.some(isNumberHeader) && !first.some((cell) => sevenDigits.test(cell)));
  const header = hasHeader ? first : undefined;
  const found = (index: number): FoundColumn => {
    const name = header?.[index];
    return {
      kind: 'found',
      column: { index: index + 1, ...(name === undefined || name === '' ? {} : { name }) },
      ...(header === undefined ? {} : { header }),
    };
  };
  const width = Math.max(0, ...records.map((cells) => cells.length));
  if (wanted !== undefined) {
    const index = named >= 0 ? named : indexOfPosition(wanted, width);
    return index === undefined ? refuseUnknown(wanted, header, width) : found(index);
  }
  if (width === 1) return found(0);
  const rows = hasHeader ? records.slice(1) : records;
  const valid: number[] = [];
  for (let at = 0; at < width; at += 1) {
    if (rows.some((cells) => isValid(cells[at] ?? ''))) valid.push(at);
    await pause.whenDue();
  }
  const telling = [...(header ?? []).keys()].filter((at) => isNumberHeader(header?.[at] ?? ''));
  const tellingAndValid = valid.filter((at) => telling.includes(at));
  const [only, ...rivals] = tellingAndValid.length > 0 ? tellingAndValid : valid;
  if (only !== undefined && rivals.length === 0) return found(only);
  if (only !== undefined) return refuseAmbiguous([only, ...rivals], header);
  const [tellingOnly] = telling;
  return tellingOnly === undefined ? refuseNoColumn(width) : found(tellingOnly);
}

function isNumeric(cell: string): boolean {
  return digitsAndSigns.test(cell) || Number.isFinite(Number(cell));
}

function indexOfName(cells: readonly string[], wanted: string): number {
  const name = wanted.trim().toLowerCase();
  return cells.findIndex((cell) => cell.toLowerCase() === name);
}

function indexOfPosition(wanted: string, width: number): number | undefined {
  const position = /^\d{1,6}$/.test(wanted.trim()) ? Number(wanted) : 0;
  return position >= 1 && position <= width ? position - 1 : undefined;
}

async function someCell(
  cells: readonly string[],
  isMeant: (cell: string) => boolean,
  pause: EventLoopPause,
): Promise<boolean> {
  for (const cell of cells) {
    if (isMeant(cell)) return true;
    await pause.whenDue();
  }
  return false;
}

function refuseUnknown(
  wanted: string,
  header: readonly string[] | undefined,
  width: number,
): Refusal {
  return refuse(
    'unknown_column',
    `There is no column ${shorten(wanted)}. ${describe(header, width)}`,
  );
}

/** What stands first may be a header or anybody's data, so that nothing of it is said. */
function refuseNoColumn(width: number): Refusal {
  return refuse(
    'no_number_column',
    `No column looks like phone numbers. Give \`column\`, a name or a position; the columns are 1 to ${width}.`,
  );
}

const namesShownMax = 50;
const rivalsShownMax = 5;

/** Which of them is meant only the caller knows, and each wrong number costs money. */
function refuseAmbiguous(
  columns: readonly number[],
  header: readonly string[] | undefined,
): Refusal {
  const shown = columns.slice(0, rivalsShownMax).map((at) => {
    const name = isKnown(header) ? (header[at] ?? '') : '';
    return name === '' ? `${at + 1}` : `${at + 1} (${shorten(name)})`;
  });
  const more = columns.length > rivalsShownMax ? ', …' : '';
  return refuse(
    'ambiguous_column',
    `More than one column holds phone numbers: ${shown.join(', ')}${more}. Give \`column\`, ${header === undefined ? 'the position, counted from 1' : 'a name or a position counted from 1'}, or put one number on a line.`,
  );
}

function describe(header: readonly string[] | undefined, width: number): string {
  if (header === undefined) return `The file has no header; its columns are 1 to ${width}.`;
  if (!isKnown(header)) return `Its columns are 1 to ${width}.`;
  const names = header.slice(0, namesShownMax).map(shorten).join(', ');
  return `The columns are ${names}${header.length > namesShownMax ? ', …' : ''}.`;
}

/** Where one of its cells is a usual name of the column it is a header; any other may be the first line of data, which is not repeated. */
function isKnown(header: readonly string[] | undefined): header is readonly string[] {
  return header?.some(isNumberHeader) ?? false;
}

/** A column's name for a message; what could be a phone number in it is blotted out. */
function shorten(name: string): string {
  const safe = name.replace(/\d(?:[\s().-]*\d){6,}/g, '#######');
  return JSON.stringify(safe.length > 60 ? `${safe.slice(0, 59)}…` : safe);
}
