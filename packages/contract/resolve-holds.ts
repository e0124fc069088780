import { z } from 'zod';
import { amountSchema } from './amount.ts';
import { chunkIdSchema } from './chunk-id.ts';
import { chunkStateSchema } from './chunk.ts';
import { decisions } from './chunk-words.ts';
import { heldReasonSchema } from './hold.ts';
import { jobIdSchema } from './job-id.ts';
import { line } from './line.ts';
import { accountIdSchema, checkNameSchema } from './names.ts';

const count = z.int().min(0);

/** Decisions that fit many holds at once: a task is adopted for one upload. */
const bulkDecisions = decisions.filter((decision) => decision !== 'adopt');
const bulkDecisionSchema = z
  .enum(
    bulkDecisions,
    `write one of ${bulkDecisions.join(', ')}: adopt names the task of one upload`,
  )
  .meta({
    id: 'BulkDecision',
    description: 'As for one hold; `adopt` names one task, and so fits one hold alone.',
  });

const holdFilterSchema = z
  .strictObject({
    job_id: jobIdSchema.optional(),
    account: accountIdSchema.optional(),
    check: checkNameSchema.optional(),
    reason: heldReasonSchema.optional(),
    detail: line(200)
      .optional()
      .meta({
        description: 'Exactly this `detail` of the holds.',
        examples: ['connection_lost'],
      }),
    held_before: z.iso
      .datetime({ offset: true, error: 'write a time as 2024-08-01T09:30:00Z' })
      .optional()
      .meta({ description: 'Held since before this time.', examples: ['2024-08-01T09:30:00Z'] }),
  })
  .refine((filter) => Object.values(filter).some((value) => value !== undefined), {
    error: 'name at least one field: an empty filter would decide on everything',
  })
  .meta({
    id: 'HoldFilter',
    description: 'Which holds: those that fit all of its fields. At least one must be named.',
    examples: [{ account: 'checknumber', reason: 'unknown', detail: 'connection_lost' }],
  });

/** Body of a decision on many holds. */
export const resolveHoldsBodySchema = z
  .strictObject({
    filter: holdFilterSchema,
    decision: bulkDecisionSchema,
    reason: line(2_000).meta({
      description: 'Why, for whoever asks later; kept with each decision.',
      examples: ['the provider confirms that none of these was charged, ticket 4712'],
    }),
    dry_run: z.boolean().optional().meta({
      description:
        'True: nothing is decided; the answer says what would be. A `cost_ceiling` may be left out, and is held to where it is named.',
    }),
    expected_count: count.optional().meta({
      description:
        'Where the filter names another number of holds, nothing is decided. Not asked again of a call whose Idempotency-Key has decided on something.',
    }),
    cost_ceiling: amountSchema.optional().meta({
      description:
        'Required with pay_again, and only there: the most that all new uploads may cost together, one sum for all, those included that later calls under the same Idempotency-Key decide on. Needs the scope approvals:write too.',
    }),
    not_charged: z.boolean().optional().meta({
      description:
        'Only with pay_again: true where the provider says that none of the earlier uploads cost anything.',
    }),
  })
  .meta({ id: 'ResolveHolds' });

export const resolvedHoldsSchema = z
  .object({
    decision: bulkDecisionSchema,
    dry_run: z.boolean().meta({ description: 'True: nothing was decided.' }),
    matched: count.meta({
      description:
        'Holds that the filter named, those included that this Idempotency-Key had decided before.',
    }),
    decided: count.meta({
      description:
        'How many were decided, those included that this Idempotency-Key had decided before; with `dry_run`: how many would be, by as many calls as it takes.',
    }),
    repeated: count.meta({
      description:
        'How many of `decided` an earlier call under this Idempotency-Key had decided: this one changed nothing of them.',
      examples: [0],
    }),
    refused: count.meta({
      description: 'How many this decision does not fit, or somebody else decided on meanwhile.',
    }),
    remaining: count.meta({
      description:
        'How many it fits and were not looked at yet: a call decides on 1,000 at most, and for some seconds. The same body, sent again under the same Idempotency-Key, goes on with them; without a key, name as `expected_count` what is named by then. With `dry_run`: 0.',
    }),
    money: z
      .array(
        z.object({ currency: z.string().meta({ description: 'ISO 4217.' }), amount: amountSchema }),
      )
      .meta({
        description:
          'Of what is counted in `decided`, by currency: with pay_again what the new uploads may cost, else the money that was in doubt.',
      }),
    outcomes: z
      .array(
        z
          .object({
            chunk_id: chunkIdSchema,
            job_id: jobIdSchema,
            attempt_id: z.string().meta({ description: 'The attempt that was looked at.' }),
            detail: z
              .string()
              .nullable()
              .meta({
                description: 'Stable code of what happened.',
                examples: ['connection_lost'],
              }),
            held_since: z.iso
              .datetime()
              .nullable()
              .meta({
                description:
                  'Since when it waited. Null: decided before under this Idempotency-Key, and a later upload of the chunk was held since.',
                examples: ['2024-08-01T09:30:00.000Z'],
              }),
            outcome: z.enum(['decided', 'would_be_decided', 'refused']).meta({
              description: 'What became of it.',
            }),
            repeated: z.boolean().meta({
              description:
                'True: decided by an earlier call under this Idempotency-Key, and not by this one.',
              examples: [false],
            }),
            code: z
              .string()
              .nullable()
              .meta({
                description: 'Why it was refused: a code of the errors.',
                examples: [null],
              }),
            state: chunkStateSchema,
            numbers: count.meta({ description: 'How many numbers it holds.' }),
            amount: amountSchema.meta({ description: 'Its part of `money`.' }),
            currency: z.string().meta({ description: 'ISO 4217.', examples: ['USD'] }),
          })
          .meta({ id: 'BulkOutcome' }),
      )
      .meta({
        description:
          'Each hold that was decided on, or would be, the oldest first, 1,000 in a call; behind them those that the decision does not fit, as far as the 1,000 reach.',
      }),
  })
  .meta({ id: 'ResolvedHolds' });

export type ResolveHolds = z.output<typeof resolveHoldsBodySchema>;
export type ResolvedHolds = z.input<typeof resolvedHoldsSchema>;
