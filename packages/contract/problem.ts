import { z } from 'zod';
import { amountSchema } from './amount.ts';

/** RFC 9457 problem details. No member ever holds a value of the request: it may be a phone number. */
export const problemSchema = z
  .object({
    type: z
      .string()
      .meta({ description: 'A URI for the code.', examples: ['urn:rollcall:error:not_found'] }),
    title: z
      .string()
      .meta({ description: 'What the code means.', examples: ['There is no such thing'] }),
    status: z.int().min(400).max(599).meta({ description: 'The HTTP status.' }),
    code: z.string().meta({
      description: 'Stable: match on this.',
      examples: ['not_found'],
    }),
    detail: z.string().meta({ description: 'What is wrong here and what to do.' }),
    instance: z.string().meta({
      description: 'The request id, also in x-request-id; the log names it too.',
      examples: ['urn:uuid:01929d3e-8c00-7a31-9f5c-0242ac120002'],
    }),
    errors: z
      .array(
        z.object({
          in: z
            .enum(['body', 'query', 'path', 'header'])
            .meta({ description: 'Where the field stands.' }),
          pointer: z.string().meta({
            description: 'JSON pointer (RFC 6901) to the field; empty: the whole.',
            examples: ['/purpose'],
          }),
          message: z.string().meta({ description: 'What to write instead.' }),
        }),
      )
      .optional()
      .meta({ description: 'Fields that are wrong, where the request was invalid.' }),
    counts: z
      .object({
        minimum: z.int().meta({ description: 'Numbers that the account takes at least.' }),
        lines: z.int().meta({ description: 'Lines of the upload.' }),
        accepted: z.int().meta({ description: 'Distinct valid numbers.' }),
        duplicates: z.int().meta({ description: 'Lines that repeated a number.' }),
        rejected: z.int().meta({ description: 'Lines that held no valid number.' }),
        reject_reasons: z
          .record(z.string(), z.int())
          .meta({ description: 'Rejected lines by reason.', examples: [{ not_international: 2 }] }),
      })
      .optional()
      .meta({ description: 'With `too_few_numbers`: what the upload held.' }),
    money: z
      .object({
        currency: z.string().meta({ description: 'ISO 4217.' }),
        cost: amountSchema,
        max_cost: amountSchema,
      })
      .optional()
      .meta({
        description:
          'With `max_cost_too_low` and `cost_ceiling_too_low`: what it would cost, and may.',
      }),
    retry: z
      .object({
        numbers: z.int().meta({ description: 'Numbers that would be asked again.' }),
        may_be_paid: z.int().meta({
          description: 'Those of them that were paid for, or may have been.',
        }),
        cost: amountSchema.meta({ description: 'What asking all of them costs.' }),
        currency: z.string().meta({ description: 'ISO 4217.' }),
      })
      .optional()
      .meta({ description: 'With `approval_required` and `approval_too_low`: what is asked for.' }),
    line: z.int().optional().meta({ description: 'Line of the upload at which it was refused.' }),
  })
  .meta({ id: 'Problem' });

export type Problem = z.infer<typeof problemSchema>;
