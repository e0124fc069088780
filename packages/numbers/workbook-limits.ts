import { defaultWorkbookLimits, type WorkbookLimits } from '@rollcall/spreadsheets';

/** What a workbook may cost. Its rows are bounded as lines are. */
export interface UploadLimits {
  readonly maxLineBytes: number;
  readonly maxBytes: number;
}

/** A customer list may be wide, but a cell in the last column (XFD) is a trick. */
const maxColumns = 1_024;
/** XML says everything at length: a million rows of ten columns are 100 MB of csv and 500 MB of this. */
const inflatedPerByte = 2;

/** The reader keeps a shared string in one block of this size. */
const maxCellBytes = 1_048_576;

/** The limits of the reader of workbooks. */
export function workbookLimits({ maxLineBytes }: UploadLimits): WorkbookLimits {
  return {
    ...defaultWorkbookLimits,
    maxColumns,
    maxCellBytes: Math.min(maxLineBytes, maxCellBytes),
  };
}

/** Of all that is inflated. */
export function maxInflatedBytes({ maxBytes }: UploadLimits): number {
  return inflatedPerByte * maxBytes;
}
