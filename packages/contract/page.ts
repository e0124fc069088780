import { z } from 'zod';

export const cursorSchema = z
  .string()
  .max(300, 'use a next_cursor as it was given')
  .optional()
  .meta({
    description: '`next_cursor` of the page before, as it was given; absent for the first page.',
  });

/** `limit` as a query string carries it. */
export function limitSchema(limit: { readonly byDefault: number; readonly max: number }) {
  const message = `write a whole number from 1 to ${limit.max}`;
  return z
    .string(message)
    .regex(/^\d{1,6}$/, message)
    .transform(Number)
    .pipe(z.int().min(1, message).max(limit.max, message))
    .prefault(String(limit.byDefault))
    .meta({
      override: { type: 'integer', minimum: 1, maximum: limit.max, default: limit.byDefault },
      description: 'Most rows of the page.',
    });
}

/** A page of rows: `next_cursor` is null on the last one. */
export function pageOf<Row extends z.ZodType>(row: Row) {
  return z.object({
    data: z.array(row).meta({ description: 'The rows of this page.' }),
    next_cursor: z
      .string()
      .nullable()
      .meta({
        description: 'Give it as `cursor` for the next page; null: there is none.',
        examples: [null],
      }),
  });
}
