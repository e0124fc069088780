import { z } from 'zod';
import { cursorSchema, limitSchema, pageOf } from './page.ts';

export const rejectSchema = z
  .object({
    line: z.int().min(1).meta({
      description:
        'Record of the upload, counted from 1: header and blank ones excluded, so not the line number that an editor shows.',
    }),
    reason: z
      .string()
      .meta({ description: 'Stable code; docs/api.md lists them.', examples: ['too_short'] }),
    raw: z
      .string()
      .meta({ description: 'What stood there, cut to 200 characters.', examples: ['+4479'] }),
  })
  .meta({ id: 'Reject' });

export const rejectPageSchema = pageOf(rejectSchema).meta({ id: 'RejectPage' });

export const rejectQuerySchema = z.strictObject({
  cursor: cursorSchema,
  limit: limitSchema({ byDefault: 100, max: 1_000 }),
});
