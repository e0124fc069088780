import type { Archive, UnreadableWorkbook } from '@rollcall/spreadsheets';
import { type Refusal, refuse, refuseOver } from './read-outcome.ts';
import { refuseUnsupported } from './sniff-file-kind.ts';
import { InflatesTooMuch } from './workbook-limits.ts';

/** Says what is wrong with a workbook in the words of the intake. */
export function refuseUnreadable(error: UnreadableWorkbook): Refusal {
  const where = error.row === null ? '' : ` (row ${error.row} of the sheet)`;
  const what = `${error.message}${where}`;
  switch (error.code) {
    case 'encrypted':
      return refuseUnsupported('an encrypted archive');
    case 'no_sheet':
      return refuseUnsupported('a zip file without a worksheet');
    case 'too_large':
    case 'too_many_entries': {
      const message = `The workbook is too large to read: ${what}. Save the sheet as csv, or split it.`;
      return error instanceof InflatesTooMuch
        ? refuseOver('maxBytes', 'too_many_bytes', message)
        : refuse('too_many_bytes', message);
    }
    case 'too_many_columns':
    case 'cell_too_large': {
      const message = `The workbook has ${what}. Keep the column of numbers, and take the others out.`;
      return error.code === 'cell_too_large'
        ? refuseOver('maxLineBytes', 'line_too_long', message)
        : refuse('line_too_long', message);
    }
    default:
      return refuse(
        'bad_xlsx',
        `The workbook is broken or cut: ${what}. Save it again as .xlsx and send it whole.`,
      );
  }
}

/** Refuses an archive whose members say that it is no plain workbook. */
export function refuseForeignArchive(archive: Archive, isWorkbook: boolean): Refusal | undefined {
  const names = [...archive.members.keys()];
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  if (has(/(^|\/)vbaProject\.bin$|^xl\/macrosheets\//i)) {
    return refuseUnsupported('a workbook with macros');
  }
  if (has(/^xl\/workbook\.bin$/i)) return refuseUnsupported('a binary workbook (xlsb)');
  if (has(/^mimetype$/)) return refuseUnsupported('an OpenDocument file (ods)');
  return isWorkbook ? undefined : refuseUnsupported('a zip file');
}
