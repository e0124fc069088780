/**
 * The result files that integrators have seen of the table-giving vendors:
 *
 * - `zip_full`: all.csv, result.xlsx, activated.txt, unregistered.txt
 * - `zip_registered`: the same with registered.txt in place of activated.txt
 * - `zip_xlsx`: result.xlsx only; `zip_csv`: all.csv only
 * - `xlsx`: not zipped once more; `csv`: bare
 */
export const resultLayouts = [
  'zip_full',
  'zip_registered',
  'zip_xlsx',
  'zip_csv',
  'xlsx',
  'csv',
] as const;
export type ResultLayout = (typeof resultLayouts)[number];

/** How an xlsx stores its cells; see `xlsx.ts`. */
export const cellStyles = ['inline', 'shared', 'numeric'] as const;
export type CellStyle = (typeof cellStyles)[number];

/** A sheet has 1,048,576 rows, one of them the header. */
export const xlsxNumbersMax = 1_048_575;
