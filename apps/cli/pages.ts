import { z } from 'zod';
import type { Query } from './api.ts';
import type { Context } from './context.ts';

const next = z.object({ next_cursor: z.string().nullable() });

/** A page as parsed, and as it came for those who asked for JSON. */
export interface Page<Parsed> {
  readonly value: Parsed;
  readonly raw: unknown;
  readonly next: string | null;
}

/** The pages of a list, each asked for when the one before was dealt with, until `rows_max` rows could have come. */
export async function* pagesOf<Schema extends z.ZodType>(
  { api, signal }: Context,
  schema: Schema,
  path: string,
  query: Query,
  { rows_max, page_max }: { readonly rows_max: number; readonly page_max: number },
): AsyncGenerator<Page<z.output<Schema>>> {
  let cursor = query['cursor'];
  for (let left = rows_max; left > 0; left -= page_max) {
    const limit = Math.min(left, page_max);
    const { value, raw } = await api.ask(schema, 'GET', path, {
      query: { ...query, cursor, limit },
      signal,
    });
    const page = { value, raw, next: next.parse(raw).next_cursor };
    yield page;
    if (page.next === null) return;
    cursor = page.next;
  }
}
