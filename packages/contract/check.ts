import { z } from 'zod';
import { amountSchema } from './amount.ts';
import { resultSemantics } from './chunk-words.ts';

const offerSchema = z
  .object({
    account: z.string().meta({ description: 'Account (provider credentials) that answers.' }),
    adapter: z.string().meta({
      description: 'Which API the provider speaks.',
      examples: ['tasks-v1'],
    }),
    task_type: z.string().meta({ description: "The provider's own word for the check." }),
    price_per_number: amountSchema,
    currency: z.string().meta({
      description: 'Currency of the price (ISO 4217).',
      examples: ['USD'],
    }),
    min_numbers: z.int().min(1).meta({
      description: 'Smallest upload that is taken, with what the provider taught us of it.',
    }),
    max_numbers: z.int().min(1).meta({ description: 'Largest upload that is taken.' }),
    semantics: z.enum(resultSemantics).meta({
      description: 'What a row of the result file means, and what the absence of one means.',
    }),
    paused: z
      .boolean()
      .meta({ description: 'Nothing is sent until it is resumed; jobs are taken.' }),
    available: z.boolean().meta({
      description:
        'Whether a job sent now would go out: the account is known to the workers, not paused and not stopped by its breaker.',
    }),
  })
  .meta({ id: 'CheckOffer' });

/** What can be asked of a number, and by whom at what price. */
export const checkSchema = z
  .object({
    name: z.string().meta({
      description: 'Give it as `check` when a job is made.',
      examples: ['telegram'],
    }),
    default_account: z.string().nullable().meta({
      description: 'Who answers where a job names no account; null: a job has to.',
    }),
    accounts: z.array(offerSchema).meta({ description: 'Who offers it.' }),
  })
  .meta({ id: 'Check' });

export const checkListSchema = z
  .object({ data: z.array(checkSchema).meta({ description: 'Every check.' }) })
  .meta({ id: 'CheckList' });

export type Check = z.input<typeof checkSchema>;
