import { z } from 'zod';
import { chunkIdSchema } from './chunk-id.ts';
import { resultSemantics } from './chunk-words.ts';
import { outcomeSchema } from './job.ts';
import { jobIdSchema } from './job-id.ts';
import { line } from './line.ts';
import { accountIdSchema } from './names.ts';
import { cursorSchema, limitSchema, pageOf } from './page.ts';

const count = z.int().min(0);
const time = z.iso.datetime().meta({ examples: ['2024-08-01T09:30:00.000Z'] });
const attributes = z.record(z.string(), z.string()).nullable();

/** A replay's public id: `rpl_` and a UUIDv7. */
export const replayIdSchema = z
  .string()
  .regex(/^rpl_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
  .meta({
    id: 'ReplayId',
    description: 'Id of one reading of a kept result file.',
    examples: ['rpl_01929d3e-8c00-7a31-9f5c-0242ac120006'],
  });

const wish = {
  reason: line(2_000).meta({
    description: 'Why, for whoever asks later.',
    examples: ['webcom sends tables since August'],
  }),
  apply: z.boolean().optional().meta({
    description:
      'false, if absent: rows are compared, and nothing changes. true: rows of a chunk that is done are replaced where they differ, and a chunk that is held for its file goes on.',
  }),
};

export const replayChunkSchema = z.strictObject(wish).meta({ id: 'ReplayChunk' });

export const replayJobSchema = z
  .strictObject({
    ...wish,
    account: accountIdSchema
      .optional()
      .meta({ description: 'Only chunks of this account; all if absent.' }),
    after: count.optional().meta({
      description:
        '`next_after` of the answer before, where a job has more chunks than one call takes.',
    }),
  })
  .meta({ id: 'ReplayJob' });

const difference = z
  .object({
    rows_before: count.meta({ description: 'Rows that the chunk had; 0 where it was held.' }),
    rows_after: count.meta({ description: 'Rows that it has, or would have.' }),
    unchanged: count.meta({ description: 'Rows that are the same.' }),
    attributes_changed: count.meta({
      description: 'Rows with the same outcome and other attributes.',
    }),
    outcomes_changed: z
      .array(
        z.object({
          from: outcomeSchema.nullable().meta({ description: 'Null: there was no row.' }),
          to: outcomeSchema,
          numbers: count.meta({ description: 'How many numbers went from the one to the other.' }),
        }),
      )
      .meta({ description: 'Rows with another outcome, the most first.' }),
  })
  .meta({
    id: 'ReplayDifference',
    description:
      'rows_after = unchanged + attributes_changed + the sum of outcomes_changed. `rows` of the replay lists what differs.',
  });

/** One reading of a chunk's kept file, and what it made of the rows. */
export const replaySchema = z
  .object({
    id: replayIdSchema,
    job_id: jobIdSchema,
    chunk_id: chunkIdSchema,
    chunk_number: z.int().min(1).meta({ description: 'Counted from 1 within the job.' }),
    account: z.string().meta({ description: 'Whose settings say how the file is read.' }),
    mode: z.enum(['compare', 'correct', 'release']).meta({
      description:
        '`compare`: nothing is changed. `correct`: rows of a chunk that is done are replaced. `release`: a held chunk goes on with its file.',
    }),
    state: z.enum(['waiting', 'running', 'done', 'failed']).meta({
      description: 'A worker moves it. `failed`: no row was touched.',
    }),
    failure: z
      .string()
      .nullable()
      .meta({
        description:
          'Why it failed: what a chunk would be held for, or `artifact_gone`, `chunk_changed`, `check_not_offered`, `parser_died`, `replay_keeps_failing`.',
        examples: ['count_in_doubt'],
      }),
    semantics: z.enum(resultSemantics).nullable().meta({
      description: 'How the file was read, by the account’s setting of then; null until it was.',
    }),
    difference: difference.nullable().meta({ description: 'Null until it is done.' }),
    asked_by: z.string().meta({
      description: 'Id and name of the API key.',
      examples: ['key_01929d3e-8c00-7a31-9f5c-0242ac120005 (ops)'],
    }),
    reason: z.string().meta({ description: 'Why, in the words of who asked.' }),
    created_at: time.meta({ description: 'When it was asked for.' }),
    finished_at: time.nullable().meta({ description: 'When it was done or had failed.' }),
  })
  .meta({ id: 'Replay' });

export const replayPageSchema = pageOf(replaySchema).meta({ id: 'ReplayPage' });

export const replayQuerySchema = z.strictObject({
  cursor: cursorSchema,
  limit: limitSchema({ byDefault: 100, max: 1_000 }),
});

/** What asking for a whole job came to. */
export const replayedJobSchema = z
  .object({
    job_id: jobIdSchema,
    replays: z
      .array(replayIdSchema)
      .meta({ description: 'One for each chunk, those that were open already included.' }),
    refused: z
      .array(
        z.object({
          chunk_id: chunkIdSchema,
          code: z.string().meta({
            description: 'As the same call for this chunk would answer.',
            examples: ['artifact_gone'],
          }),
        }),
      )
      .meta({ description: 'Chunks with a file that cannot be read again like this.' }),
    next_after: count.nullable().meta({
      description: 'Where to go on, in `after`, where the job has more chunks; null: that was all.',
    }),
  })
  .meta({ id: 'ReplayedJob' });

const replayedRowSchema = z
  .object({
    number: z.string().meta({ description: 'As +E.164.', examples: ['+447911123456'] }),
    outcome_before: outcomeSchema.nullable().meta({ description: 'Null: there was no row.' }),
    outcome_after: outcomeSchema,
    attributes_before: attributes.meta({ description: 'Further columns, as they were.' }),
    attributes_after: attributes.meta({
      description: 'Further columns, as the file has them now.',
    }),
  })
  .meta({ id: 'ReplayedRow' });

export const replayedRowPageSchema = pageOf(replayedRowSchema).meta({ id: 'ReplayedRowPage' });

export type Replay = z.input<typeof replaySchema>;
export type ReplayedJob = z.input<typeof replayedJobSchema>;
export type ReplayedRow = z.input<typeof replayedRowSchema>;
