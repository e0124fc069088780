import { z } from 'zod';
import { outcomeSchema } from './job.ts';

const day = z.iso.date('write a day as 2024-08-01');

/** Days without an end are told up to today, and without a beginning the 31 days to the last. */
export const summaryQuerySchema = z
  .strictObject({
    from: day.optional().meta({
      description: 'First day, by UTC; absent: 30 days before the last.',
      examples: ['2024-07-01'],
    }),
    to: day.optional().meta({
      description: 'Last day; absent: today. At most 366 days.',
      examples: ['2024-07-31'],
    }),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['to'],
    error: 'write a day that is not before from',
  });

const counts = z.partialRecord(outcomeSchema, z.int()).meta({
  description: 'Numbers by outcome; one that none has is left out.',
  examples: [{ registered: 6120, not_registered: 3880 }],
});

export const summarySchema = z
  .object({
    from: z.iso
      .date()
      .meta({ description: 'First day that is counted.', examples: ['2024-07-01'] }),
    to: z.iso.date().meta({ description: 'Last day that is counted.', examples: ['2024-07-31'] }),
    outcomes: counts,
    days: z
      .array(
        z.object({
          day: z.iso.date().meta({
            description: 'UTC day on which the jobs were made.',
            examples: ['2024-07-31'],
          }),
          check: z.string().meta({ description: 'What was asked.', examples: ['telegram'] }),
          outcomes: counts,
        }),
      )
      .meta({ description: 'Newest day first; days and checks without an answer are left out.' }),
  })
  .meta({ id: 'Summary' });

export type Summary = z.input<typeof summarySchema>;
