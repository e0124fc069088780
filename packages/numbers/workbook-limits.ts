import {
  defaultWorkbookLimits,
  UnreadableWorkbook,
  type WorkbookLimits,
} from '@rollcall/spreadsheets';

/** What a workbook may cost. Its rows are bounded as lines are. */
export interface UploadLimits {
  readonly maxLineBytes: number;
  readonly maxBytes: number;
}

/** A customer list may be wide, but a cell in the last column (XFD) is a trick. */
const maxColumns = 1_024;
/** XML says everything at length: a million rows of ten columns are 100 MB of csv and 500 MB of this. */
const inflatedPerByte = 2;

/** Lower than for results: an upload is anybody's, and a place for it is held while it is read. */
const maxInflationRatio = 100;

/** The reader keeps a shared string in one block of this size. */
const maxCellBytes = 1_048_576;

/** The limits of the reader of workbooks. */
export function workbookLimits({ maxLineBytes }: UploadLimits): WorkbookLimits {
  return {
    ...defaultWorkbookLimits,
    maxInflationRatio,
    maxColumns,
    maxCellBytes: Math.min(maxLineBytes, maxCellBytes),
  };
}

/** Of all that is inflated: the one limit of size that is the installation's, and not of the format. */
export class InflatesTooMuch extends UnreadableWorkbook {
  constructor(max_bytes: number) {
    super('too_large', `more than ${max_bytes} bytes once inflated`);
  }
}

/** Counts what is inflated of a workbook, and throws when it is too much. */
export function inflationBudget({ maxBytes }: UploadLimits): (inflated_bytes: number) => void {
  const max_bytes = inflatedPerByte * maxBytes;
  let spent = 0;
  return (inflated_bytes) => {
    spent += inflated_bytes;
    if (spent > max_bytes) throw new InflatesTooMuch(max_bytes);
  };
}
