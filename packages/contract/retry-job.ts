import { z } from 'zod';
import { amountSchema } from './amount.ts';
import { line } from './line.ts';
import { accountIdSchema } from './names.ts';

const included = z.enum(['failed', 'missing'], 'write failed or missing');

/** Which numbers of a closed job are asked again, by whom, and with whose word where that may pay twice. */
export const retryJobSchema = z
  .strictObject({
    include: z
      .array(included)
      .min(1, 'write failed, missing or both')
      .max(2, 'write each once')
      .optional()
      .meta({
        description: 'Outcomes whose numbers are asked again; both if absent.',
        examples: [['missing']],
      }),
    account: accountIdSchema
      .optional()
      .meta({ description: 'The account that answers this time; the same as before if absent.' }),
    name: line(200)
      .optional()
      .meta({
        description: 'A name of your own; that of the job if absent.',
        examples: ['spring list, again'],
      }),
    max_cost: amountSchema
      .optional()
      .meta({ description: "Most that the retry may spend, in the account's currency." }),
    purpose: line(500)
      .optional()
      .meta({ description: 'Why the numbers are checked; as for the job if absent.' }),
    requested_by: line(200)
      .optional()
      .meta({ description: 'Who asked for it; as for the job if absent.' }),
    approval: z
      .strictObject({
        why: line(2_000).meta({
          description: 'Why paying again is right. It is kept with your key.',
          examples: ['the provider answered with half a table'],
        }),
        cost_ceiling: amountSchema.meta({
          description: 'Most that the retry may spend; it bounds max_cost as well.',
          examples: ['4.00'],
        }),
      })
      .optional()
      .meta({
        id: 'RetryApproval',
        description:
          'The word of the one who pays, needed where numbers may have been paid for before. Needs the scope approvals:write.',
      }),
  })
  .meta({ id: 'RetryJob' });

export type RetryJob = z.output<typeof retryJobSchema>;
