import { z } from 'zod';
import { outcomeSchema } from './job.ts';
import { resultSchema } from './result.ts';

const exportFormats = ['csv', 'ndjson', 'xlsx'] as const;
const exportShapes = ['results', 'upload'] as const;

function flag(what: string) {
  return z
    .enum(['true', 'false'], 'write true or false')
    .prefault('false')
    .transform((text) => text === 'true')
    .meta({
      override: ({ jsonSchema }) => {
        delete jsonSchema.enum;
        Object.assign(jsonSchema, { type: 'boolean', default: false });
      },
      description: what,
    });
}

export const exportQuerySchema = z
  .strictObject({
    format: z
      .enum(exportFormats, `write one of ${exportFormats.join(', ')}`)
      .prefault('csv')
      .meta({ description: 'csv (RFC 4180, UTF-8), one JSON object a line, or a workbook.' }),
    shape: z
      .enum(exportShapes, `write one of ${exportShapes.join(', ')}`)
      .prefault('results')
      .meta({
        description:
          "results: a row per number, in order of number. upload: the caller's own lines and columns, in their order, each with its answer.",
      }),
    outcome: outcomeSchema.optional().meta({ description: 'shape=results only: these rows only.' }),
    latest: flag('Answers through the tree of retries: the newest that says something.'),
    partial: flag('Also while the job is open: what is there so far.'),
  })
  .refine(({ shape, outcome }) => shape === 'results' || outcome === undefined, {
    path: ['outcome'],
    message: 'write no outcome with shape=upload: every line is answered',
  });

/** A result with `shape=results` in ndjson. */
export const exportedResultSchema = resultSchema
  .extend({
    answered_by: z.string().optional().meta({
      description: 'latest=true only: the job that got this answer, the first one or a retry.',
    }),
  })
  .meta({ id: 'ExportedResult' });

/** A line of an upload with its answer: what `shape=upload` gives for it in ndjson. */
export const uploadLineSchema = z
  .object({
    rollcall_line: z.int().min(1).meta({
      description: 'Record of the upload from 1: header and blank ones excluded, as in rejects.',
    }),
    rollcall_status: z.enum(['accepted', 'duplicate', 'rejected']).meta({
      description: 'duplicate: an earlier line gave the same number. It is answered all the same.',
    }),
    rollcall_reason: z
      .string()
      .nullable()
      .meta({ description: 'Why the line was rejected.', examples: ['too_short'] }),
    rollcall_number: z
      .string()
      .nullable()
      .meta({ description: 'As +E.164; null where the line was rejected.' }),
    rollcall_check: z.string().meta({ description: 'What was asked.', examples: ['whatsapp'] }),
    rollcall_outcome: outcomeSchema.nullable().meta({
      description: 'What its number ended with; null: rejected, or not answered yet.',
    }),
    rollcall_checked_at: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'When the answer was written.' }),
    cells: z
      .array(z.string())
      .meta({ description: 'The cells of the line as they were uploaded; one in txt and JSON.' }),
  })
  .meta({ id: 'UploadLine' });

export type ExportFormat = (typeof exportFormats)[number];
export type ExportedResult = z.input<typeof exportedResultSchema>;
export type UploadLine = z.input<typeof uploadLineSchema>;
