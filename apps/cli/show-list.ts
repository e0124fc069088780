import type { z } from 'zod';
import type { Query } from './api.ts';
import type { Context } from './context.ts';
import { pagesOf } from './pages.ts';

interface List<Schema extends z.ZodType<{ data: readonly unknown[] }>> {
  readonly schema: Schema;
  readonly path: string;
  readonly query: Query;
  /** Most rows of one answer of the API. */
  readonly page_max: number;
  readonly headings: readonly string[];
  /** Headings of columns that a narrow terminal does without, the first of them first. */
  readonly lessImportant?: readonly string[];
  readonly row: (row: z.output<Schema>['data'][number]) => readonly string[];
  /** With --json a row a line, and never the API's page: for lists that are as long as a job. */
  readonly jsonRows?: boolean;
  /** What is said where there is nothing. */
  readonly none: string;
}

export interface ListOptions {
  /** Most rows; absent with `all`. */
  readonly limit?: number;
  readonly all?: boolean;
  readonly cursor?: string;
}

/** What every list says of its own length. */
const rows_usual = 20;

/**
 * Shows a list: a table, or with --json the API's page as it came (with --all: one row a line). Says how to go on where there is more. Returns
 * the last page, for what stands beside its rows.
 */
export async function showList<Schema extends z.ZodType<{ data: readonly unknown[] }>>(
  context: Context,
  list: List<Schema>,
  { all = false, limit = all ? Number.POSITIVE_INFINITY : rows_usual, cursor }: ListOptions,
): Promise<z.output<Schema> | undefined> {
  const { output } = context;
  let shown = 0;
  let last: z.output<Schema> | undefined;
  let leftOut: readonly string[] = [];
  const pages = pagesOf(
    context,
    list.schema,
    list.path,
    { ...list.query, cursor },
    {
      rows_max: limit,
      page_max: list.page_max,
    },
  );
  const single = limit <= list.page_max && list.jsonRows !== true;
  for await (const { value, raw, next } of pages) {
    last = value;
    if (output.json) {
      if (single) await output.value(raw);
      else for (const row of (raw as { data: unknown[] }).data) await output.value(row);
      continue;
    }
    const rows = value.data.map((row) => list.row(row));
    if (shown > 0 || rows.length > 0) {
      leftOut = await output.table([list.headings, ...rows], {
        lessImportant: list.lessImportant ?? [],
        continues: shown > 0,
        without: leftOut,
      });
    }
    shown += rows.length;
    if (next !== null && shown >= limit) {
      output.note(`There is more: --all, or --cursor ${next}`);
    }
  }
  if (!output.json && shown === 0) output.note(list.none);
  return last;
}
