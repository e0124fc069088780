import { z } from 'zod';
import { amountSchema } from './amount.ts';
import { line } from './line.ts';
import { prioritySchema } from './priority.ts';

/** What may be changed of an open job; what is absent stays as it is. */
export const patchJobSchema = z
  .strictObject({
    max_cost: amountSchema
      .nullable()
      .optional()
      .meta({
        description:
          "Most that the job may spend, in the account's currency; null: no limit of its own. Below what is spent already: nothing more is sent.",
        examples: ['40.00'],
      }),
    priority: prioritySchema.optional().meta({ description: 'Higher goes first.', examples: [10] }),
    name: line(200)
      .nullable()
      .optional()
      .meta({ description: 'A name of your own; null removes it.', examples: ['spring list'] }),
  })
  .meta({ id: 'PatchJob' });

export type PatchJob = z.output<typeof patchJobSchema>;
