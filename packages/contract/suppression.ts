import { z } from 'zod';
import { line } from './line.ts';
import { phoneNumberInListSchema } from './phone-number.ts';

/** Who asked for something to be done to a person's number, and why; both go to the audit trail. */
export const onRequestOf = {
  reason: line(500).meta({
    description: 'Why, for the audit trail.',
    examples: ['objection of 2024-08-01, ticket 4711'],
  }),
  requested_by: line(200).meta({
    description: 'The person or system that asked for it.',
    examples: ['privacy@example.com'],
  }),
};

export const onRequestOfQuerySchema = z.strictObject(onRequestOf);

const orLeaveItOut = 'write true, or leave it out';
const ofErasures =
  'true: also where an erasure put it there, whose promise that the number is never sent again ends by this.';

/** Of one who takes a number off the list. */
export const removeSuppressionQuerySchema = z.strictObject({
  ...onRequestOf,
  erasure: z
    .literal('true', orLeaveItOut)
    .optional()
    .meta({ description: ofErasures, examples: ['true'] }),
});

/** How many numbers one call puts on the list, or takes off it. */
export const suppressionsAtOnce_max = 10_000;

const numbers = z
  .array(phoneNumberInListSchema)
  .min(1, 'write at least one number')
  .max(suppressionsAtOnce_max, 'write at most 10,000 numbers')
  .meta({
    description: 'The numbers, each as +E.164; at most 10,000.',
    examples: [['+447911123456']],
  });

export const addSuppressionsBodySchema = z
  .strictObject({ numbers, ...onRequestOf })
  .meta({ id: 'AddSuppressions' });

export const removeSuppressionsBodySchema = z
  .strictObject({
    numbers,
    ...onRequestOf,
    erasure: z
      .literal(true, orLeaveItOut)
      .optional()
      .meta({ description: ofErasures, examples: [true] }),
  })
  .meta({ id: 'RemoveSuppressions' });

const count = (description: string, example: number) =>
  z.int().meta({ description, examples: [example] });

export const suppressionsAddedSchema = z
  .object({
    added: count('Numbers that were not on the list.', 1),
    known: count('Numbers that were on it already.', 0),
  })
  .meta({ id: 'SuppressionsAdded' });

export const suppressionsRemovedSchema = z
  .object({
    removed: count('Numbers that were on the list.', 1),
    unknown: count('Numbers that were not on it.', 0),
  })
  .meta({ id: 'SuppressionsRemoved' });

/** What can be told of the list: counts. Nobody can read a number back from it. */
export const suppressionListSchema = z
  .object({
    numbers: count('Numbers on the list.', 12),
    by_reason: z
      .object({
        objection: count('Those that were put there.', 10),
        erasure: count('Those that were erased, and must not come back.', 2),
      })
      .meta({ description: 'The same, by why they are there.' }),
    by_secret: z
      .array(
        z.object({
          secret: z.string().meta({ description: 'Id of the secret.', examples: ['2024'] }),
          current: z.boolean().meta({
            description: 'Whether new entries are made under it.',
            examples: [true],
          }),
          numbers: count('Numbers of the list that stand under it.', 12),
          erased_numbers: count(
            'Numbers that were erased under it, or are about to be: once for each job whose rows are kept, since a file of it that comes later may have them.',
            2,
          ),
          receipts: count(
            'Receipts of erasures that name it. No process needs the secret for them; who wants to prove of which number one is does.',
            2,
          ),
        }),
      )
      .meta({
        description:
          'A secret that has taken the place of another is used for new entries, and for old ones once their number is seen again. An old secret is needed while `numbers` or `erased_numbers` stand under it, of any tenant.',
      }),
    changed_at: z.iso
      .datetime()
      .nullable()
      .meta({
        description: 'When a number was put on it or taken off last; null: never.',
        examples: ['2024-08-01T09:30:00.000Z'],
      }),
  })
  .meta({ id: 'SuppressionList' });

export type SuppressionList = z.input<typeof suppressionListSchema>;
