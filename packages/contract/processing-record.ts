import { z } from 'zod';
import { jobIdSchema } from './job-id.ts';

const day = (description: string, example: string) =>
  z.iso.date('write a day as 2024-08-01').meta({ description, examples: [example] });

export const processingRecordsQuerySchema = z
  .strictObject({
    from: day('First day, by UTC.', '2024-07-01'),
    to: day('Last day; at most 366 days.', '2024-07-31'),
    format: z
      .enum(['json', 'csv'])
      .default('json')
      .meta({ description: 'json, or csv with the same fields as columns.' }),
  })
  .refine(({ from, to }) => from <= to, {
    path: ['to'],
    error: 'write a day that is not before from',
  })
  .refine(({ from, to }) => Date.parse(to) - Date.parse(from) < 366 * 86_400_000, {
    path: ['to'],
    error: 'ask for at most 366 days',
  });

const count = (description: string, example: number) =>
  z.int().meta({ description, examples: [example] });
const time = (description: string) =>
  z.iso
    .datetime()
    .nullable()
    .meta({ description, examples: ['2024-08-01T09:30:00.000Z'] });

/** One processing of personal data (GDPR Art. 30): a job, with why, for whom, to whom and how long. No number. */
export const processingRecordSchema = z
  .object({
    job_id: jobIdSchema,
    purpose: z
      .string()
      .meta({ description: 'Why, as was said.', examples: ['fraud review 2024-31'] }),
    requested_by: z.string().meta({ description: 'For whom.', examples: ['ana@example.com'] }),
    check: z
      .string()
      .meta({ description: 'What was asked of each number.', examples: ['telegram'] }),
    account: z.string().meta({ description: 'By which account.', examples: ['checknumber'] }),
    recipient: z
      .string()
      .nullable()
      .meta({
        description: 'Origin of the provider that the numbers were sent to; null: none was.',
        examples: ['https://api.checknumber.ai'],
      }),
    state: z.string().meta({ description: 'State of the job.', examples: ['completed'] }),
    lines: count('Lines that came in.', 1020),
    numbers: count('Distinct numbers that were taken.', 1000),
    sent: count('Numbers that were sent to the provider, or may have been.', 997),
    suppressed: count('Numbers that were not sent since they are on the suppression list.', 2),
    erased: count('Numbers that were erased since.', 1),
    received_at: time('When it came in.'),
    finished_at: time('When the last number had its answer; null: it is open.'),
    kept_until: time(
      'When its numbers and results are dropped at the earliest, by the retention of now.',
    ),
    rows_dropped_at: time('When they were dropped; null: they are kept.'),
    files_dropped_at: time('When its upload and result files were dropped; null: they are kept.'),
  })
  .meta({ id: 'ProcessingRecord' });

export const processingRecordsSchema = z
  .object({
    data: z.array(processingRecordSchema).meta({ description: 'Jobs, oldest first.' }),
    erasures: z
      .object({
        asked: count('Erasures that were asked for in this time.', 1),
        done: count('Those of them that are done.', 1),
      })
      .meta({ description: 'Erasures of numbers.' }),
    suppressed_numbers: count('Numbers on the suppression list now.', 12),
  })
  .meta({ id: 'ProcessingRecords' });

export type ProcessingRecord = z.output<typeof processingRecordSchema>;
