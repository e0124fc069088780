import { z } from 'zod';
import { amountSchema } from './amount.ts';
import { chunkIdSchema } from './chunk-id.ts';
import { decisions } from './chunk-words.ts';

export const decisionNameSchema = z.enum(decisions, `write one of ${decisions.join(', ')}`).meta({
  id: 'DecisionName',
  description:
    '`adopt`: the provider’s support named the task that the upload became. `pay_again`: send it once more, with an approval. ' +
    '`keep_polling`: the task is believed to be alive; a doubted file is fetched anew, for free. `replay`: read the archived file again. `give_up`: its numbers end as failed.',
});

/** What a person decided on a held chunk. */
export const decisionSchema = z
  .object({
    decision: decisionNameSchema,
    chunk_id: chunkIdSchema,
    attempt_id: z.string().meta({ description: 'The attempt that was decided on.' }),
    decided_by: z.string().meta({
      description: 'Id and name of the API key.',
      examples: ['key_01929d3e-8c00-7a31-9f5c-0242ac120005 (ops)'],
    }),
    reason: z.string().meta({ description: 'Why, in the words of who decided.' }),
    task_id: z.string().nullable().meta({ description: 'With adopt: the task that was named.' }),
    cost_ceiling: amountSchema
      .nullable()
      .meta({ description: 'With pay_again: what was allowed.' }),
    not_charged: z
      .boolean()
      .nullable()
      .meta({
        description:
          'With pay_again: whether the provider had said that the earlier upload cost nothing.',
        examples: [null],
      }),
    at: z.iso.datetime().meta({ description: 'When it was decided.' }),
  })
  .meta({ id: 'Decision' });

export type HeldDecision = z.input<typeof decisionSchema>;
