import { z } from 'zod';
import { reportForms } from '../truth.ts';
import { cellStyles, resultLayouts } from './layouts.ts';

const rows = z.int().min(0).default(0);

/**
 * How a task's result file departs from the usual one. Rows are edited in this order: of the rows that the file would
 * have, the first `missing_rows` go; the next `doubled_rows` come a second time at the end, the same; the next
 * `contradictory_rows` come a second time at the end with the opposite word; then `foreign_rows` numbers that were never
 * uploaded (the greatest number plus 1, 2, …) are added. `reordered` turns the order round at the last.
 */
export const fileEditsSchema = z.strictObject({
  layout: z.enum(resultLayouts).optional(),
  cells: z.enum(cellStyles).optional(),
  /** Whether numbers are written with `+`. */
  plus: z.boolean().optional(),
  /** Webcom only: what the text file holds, the account's choice otherwise. */
  semantics: z.enum(reportForms).exclude(['table_with_ban']).optional(),
  missing_rows: rows,
  doubled_rows: rows,
  contradictory_rows: rows,
  foreign_rows: rows,
  reordered: z.boolean().default(false),
  /** Something else in place of the file: a login page in HTML, no bytes at all, or the given text. */
  instead: z.enum(['html', 'empty']).optional(),
  instead_text: z.string().optional(),
  /** Keeps this share of the file's bytes, with a Content-Length that agrees. */
  keep_share: z.number().min(0).max(1).optional(),
});
export type FileEdits = z.infer<typeof fileEditsSchema>;

export const noEdits: FileEdits = fileEditsSchema.parse({});
