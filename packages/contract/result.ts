import { z } from 'zod';
import { amountSchema } from './amount.ts';
import { outcomeSchema } from './job.ts';
import { cursorSchema, limitSchema, pageOf } from './page.ts';

export const resultSchema = z
  .object({
    number: z.string().meta({ description: 'As +E.164.', examples: ['+447911123456'] }),
    outcome: outcomeSchema,
    attributes: z
      .record(z.string(), z.string())
      .nullable()
      .meta({ description: "Further columns of the provider's table, as text." }),
    account: z.string().meta({ description: 'Account that answered.' }),
    source: z.enum(['provider', 'rollcall']).meta({
      description:
        'provider: an answer of the provider. rollcall: no answer, the outcome says why.',
    }),
    cost: amountSchema.meta({
      description:
        "This number's share of what its upload cost. 0 where it ended without an answer (source rollcall), though its upload may have been charged: for money use the job's `money.cost`.",
    }),
    checked_at: z.iso.datetime().meta({ description: 'When the result was written.' }),
  })
  .meta({ id: 'Result' });

export const resultPageSchema = pageOf(resultSchema)
  .extend({
    final: z.boolean().meta({
      description:
        'Whether the job is closed. While it runs, rows may still come in anywhere, also before a cursor: walk again.',
    }),
  })
  .meta({ id: 'ResultPage' });

export const resultQuerySchema = z.strictObject({
  cursor: cursorSchema,
  limit: limitSchema({ byDefault: 100, max: 1_000 }),
  outcome: outcomeSchema.optional(),
});

export type Result = z.input<typeof resultSchema>;
