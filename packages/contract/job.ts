import { z } from 'zod';
import { amountSchema } from './amount.ts';
import { accountIdSchema, checkNameSchema } from './names.ts';
import { jobIdPattern, jobIdSchema } from './job-id.ts';
import { line } from './line.ts';
import { cursorSchema, limitSchema, pageOf } from './page.ts';
import { outcomes, visibleJobStates } from './words.ts';

const count = z.int().min(0);
const time = z.iso.datetime().meta({ examples: ['2024-08-01T09:30:00.000Z'] });

export const jobStateSchema = z.enum(visibleJobStates).meta({
  id: 'JobState',
  examples: ['running'],
  description:
    'planning → running ⇄ paused → cancelling → completed, completed_with_errors, cancelled or failed.',
});

export const outcomeSchema = z.enum(outcomes, `write one of ${outcomes.join(', ')}`).meta({
  id: 'Outcome',
  description:
    "What a number ends with. `missing`: the provider's table had no row for it, which is not `not_registered`. " +
    '`undetermined`: the answer was unclear or contradictory. `failed`: it was never answered.',
});

/** Where more of a job is to be had. */
export function jobLinksOf(jobId: string) {
  const self = `/v1/jobs/${jobId}`;
  return {
    self,
    results: `${self}/results`,
    rejects: `${self}/rejects`,
    chunks: `${self}/chunks`,
    events: `${self}/events`,
    export: `${self}/export`,
  };
}

const summary = {
  id: jobIdSchema,
  name: z
    .string()
    .nullable()
    .meta({ examples: ['spring list'] }),
  check: z.string().meta({ examples: ['telegram'] }),
  account: z.string().meta({ examples: ['checknumber'] }),
  state: jobStateSchema,
  priority: z.int().meta({ examples: [0] }),
  purpose: z.string().meta({ examples: ['fraud review 2024-31'] }),
  requested_by: z.string().meta({ examples: ['ana@example.com'] }),
  retry_of: z
    .string()
    .nullable()
    .meta({
      description: 'The job whose failed and missing numbers this one asks again.',
      examples: [null],
    }),
  counts: z
    .object({
      lines: count.meta({
        description:
          'Non-blank lines of the upload, header excluded = accepted + duplicates + rejected.',
      }),
      accepted: count.meta({ description: 'Distinct valid numbers; each ends in one result.' }),
      duplicates: count,
      rejected: count,
      answered: count.meta({ description: 'Numbers that have their result.' }),
      pending: count.meta({ description: 'accepted - answered' }),
    })
    .meta({ id: 'JobCounts' }),
  outcomes: z.object(Object.fromEntries(outcomes.map((outcome) => [outcome, count]))).meta({
    id: 'OutcomeCounts',
    description: 'Numbers by outcome; their sum is `answered`.',
    examples: [
      {
        ...Object.fromEntries(outcomes.map((outcome) => [outcome, 0])),
        registered: 410,
        not_registered: 188,
        undetermined: 2,
      },
    ],
  }),
  chunks: z
    .object({
      held: count.meta({ description: 'Uploads that wait for a person to decide.' }),
      blocked: count.meta({ description: 'Uploads that wait for a reason to go away.' }),
    })
    .meta({ id: 'StoppedChunks' }),
  progress: z
    .number()
    .min(0)
    .max(1)
    .meta({ description: 'answered / accepted, rounded down to 4 decimals.', examples: [0.6] }),
  eta_seconds: z
    .int()
    .min(0)
    .nullable()
    .meta({
      description:
        'From the rate so far; null until a hundredth is answered, while paused, and once closed.',
      examples: [40],
    }),
  money: z
    .object({
      currency: z.string().meta({ examples: ['USD'] }),
      max_cost: amountSchema.nullable(),
      cost: amountSchema.meta({
        description:
          'Uploads that the provider accepted, also where their numbers got no answer; without those that a person wrote off.',
      }),
      reserved: amountSchema.meta({
        description: 'Uploads whose outcome is not known yet, held as unknown included.',
      }),
      at_risk: amountSchema.meta({
        description:
          'Unknown uploads that a person gave up: they may have been charged, and nobody will find out. What is not decided yet is no part of it.',
      }),
    })
    .meta({
      id: 'JobMoney',
      examples: [{ currency: 'USD', max_cost: '25', cost: '0.24', reserved: '0.08', at_risk: '0' }],
    }),
  failure: z
    .string()
    .nullable()
    .meta({ description: 'Why a failed job failed.', examples: [null] }),
  created_at: time,
  planned_at: time.nullable(),
  finished_at: time.nullable().meta({ examples: [null] }),
  links: z
    .object({
      self: z.string(),
      results: z.string(),
      rejects: z.string(),
      chunks: z.string(),
      events: z.string(),
      export: z.string(),
    })
    .meta({ id: 'JobLinks' }),
};

/** A job as lists show it. */
export const jobSummarySchema = z.object(summary).meta({ id: 'JobSummary' });

const attentionSchema = z
  .object({
    state: z.enum(['held', 'blocked']),
    reason: z.string().meta({ examples: ['unknown'] }),
    detail: z
      .string()
      .nullable()
      .meta({ examples: ['connection_lost'] }),
    chunks: count.meta({ examples: [1] }),
    numbers: count.meta({ examples: [200] }),
    money_at_risk: amountSchema.meta({
      description:
        'Money in doubt: of held uploads, while nobody has decided. Counted in `money.reserved` or `money.cost`, never in `money.at_risk`; 0 of blocked ones.',
    }),
  })
  .meta({ id: 'Attention' });

/** A job on its own: also what of it waits, and why lines were rejected. */
export const jobSchema = z
  .object({
    ...summary,
    attention: z
      .array(attentionSchema)
      .meta({ description: 'What is held or blocked, why, and the money in doubt.' }),
    reject_reasons: z
      .record(z.string(), count)
      .meta({ description: 'Rejected lines by reason.', examples: [{ too_short: 3 }] }),
  })
  .meta({ id: 'Job' });

export const jobPageSchema = pageOf(jobSummarySchema).meta({ id: 'JobPage' });

const stateWord = z.enum(visibleJobStates, `write some of ${visibleJobStates.join(', ')}`);
const moment = z.iso
  .datetime({ offset: true, error: 'write a time as 2024-08-01T09:30:00Z' })
  .optional();

/** Filters of the list. They are joined by "and"; the states by "or". */
export const jobQuerySchema = z.strictObject({
  cursor: cursorSchema,
  limit: limitSchema({ byDefault: 20, max: 100 }),
  state: z
    .union([z.string(), z.array(z.string())])
    .transform((given) => [given].flat().flatMap((each) => each.split(',')))
    .pipe(z.array(stateWord).max(20, 'write each state once'))
    .optional()
    .meta({
      override: { type: 'array', items: { type: 'string', enum: visibleJobStates } },
      description: 'Jobs in one of these states: given several times, or separated by commas.',
      examples: [['running', 'paused']],
    }),
  check: checkNameSchema.optional(),
  account: accountIdSchema.optional(),
  name: line(200)
    .optional()
    .meta({ description: 'Exactly this name.', examples: ['spring list'] }),
  requested_by: line(200)
    .optional()
    .meta({ description: 'Exactly this person or system.', examples: ['ana@example.com'] }),
  retry_of: z
    .string()
    .regex(jobIdPattern, 'write the id of a job')
    .optional()
    .meta({
      description: 'Retries of this job.',
      examples: ['job_01929d3e-8c00-7a31-9f5c-0242ac120002'],
    }),
  created_after: moment.meta({
    description: 'Made at this time or later.',
    examples: ['2024-08-01T00:00:00Z'],
  }),
  created_before: moment.meta({
    description: 'Made before this time.',
    examples: ['2024-09-01T00:00:00Z'],
  }),
  attention: z
    .literal('true', 'write true, or leave it out')
    .optional()
    .meta({ description: '`true`: only jobs of which something is held or blocked.' }),
});

export type JobQuery = z.output<typeof jobQuerySchema>;
export type Job = z.input<typeof jobSchema>;
export type JobSummary = z.input<typeof jobSummarySchema>;
