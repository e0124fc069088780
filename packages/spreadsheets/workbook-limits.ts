/** What opening an archive and reading a workbook may cost. Every limit ends in a refusal that names it. */
export interface WorkbookLimits {
  /** Inflated ÷ compressed bytes of one member, asked once it has inflated past 16 MiB. Real sheets stay below 40. */
  readonly maxInflationRatio: number;
  /** Members of one archive. */
  readonly maxEntries: number;
  /** Cells of one row; a cell further right (XFD1048576) is refused too. */
  readonly maxColumns: number;
  readonly maxCellBytes: number;
  /** All shared strings of a workbook together; they are the only part that is held in memory whole. */
  readonly maxSharedStringBytes: number;
  readonly maxSharedStrings: number;
}

export const defaultWorkbookLimits: WorkbookLimits = {
  maxInflationRatio: 200,
  maxEntries: 256,
  maxColumns: 256,
  maxCellBytes: 8_192,
  maxSharedStringBytes: 67_108_864,
  maxSharedStrings: 4_000_000,
};

/** How one workbook is read. */
export interface WorkbookReading {
  readonly limits: WorkbookLimits;
  /** Counts bytes against the limit of the whole file; throws where it is passed. */
  spend(inflated_bytes: number): void;
}
