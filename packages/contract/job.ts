import { z } from 'zod';
import { amountSchema } from './amount.ts';
import { accountIdSchema, checkNameSchema } from './names.ts';
import { jobIdPattern, jobIdSchema } from './job-id.ts';
import { line } from './line.ts';
import { cursorSchema, limitSchema, pageOf } from './page.ts';
import { outcomes, visibleJobStates } from './words.ts';

const count = z.int().min(0);
const time = z.iso.datetime().meta({ examples: ['2024-08-01T09:30:00.000Z'] });

/** In the words of the view rollcall.jobs. */
const outcomeMeanings: Readonly<Record<(typeof outcomes)[number], string>> = {
  registered: 'Numbers that have it, by the answer of the provider.',
  not_registered: 'Numbers that do not have it, by the answer of the provider.',
  banned: 'Numbers that the provider calls banned.',
  undetermined: 'Numbers whose answer was unclear or contradictory.',
  missing: "Numbers for which the provider's table had no row; not the same as not_registered.",
  failed: 'Numbers that were never answered: their chunk was rejected or given up.',
  cancelled: 'Numbers that were not sent because the job was cancelled.',
  suppressed: 'Numbers that were not sent because they are on the suppression list.',
  erased: 'Numbers erased on request.',
};
const outcomeCounts = Object.fromEntries(
  outcomes.map((outcome) => [outcome, count.meta({ description: outcomeMeanings[outcome] })]),
);

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
    replays: `${self}/replays`,
    events: `${self}/events`,
    export: `${self}/export`,
  };
}

const summary = {
  id: jobIdSchema,
  name: z
    .string()
    .nullable()
    .meta({ description: 'Name given by the caller, or null.', examples: ['spring list'] }),
  check: z.string().meta({ description: 'What is asked of every number.', examples: ['telegram'] }),
  account: z.string().meta({
    description: 'Account (provider credentials) that answers the job.',
    examples: ['checknumber'],
  }),
  state: jobStateSchema,
  priority: z.int().meta({ description: 'Higher goes first.', examples: [0] }),
  purpose: z.string().meta({
    description: 'Why the numbers are checked, as the caller stated.',
    examples: ['fraud review 2024-31'],
  }),
  requested_by: z.string().meta({
    description: 'Who asked for the check, as the caller stated.',
    examples: ['ana@example.com'],
  }),
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
      duplicates: count.meta({ description: 'Lines that repeated a number of the same job.' }),
      rejected: count.meta({
        description: 'Lines that held no valid number; `rejects` lists them.',
      }),
      answered: count.meta({ description: 'Numbers that have their result.' }),
      pending: count.meta({ description: 'accepted - answered' }),
    })
    .meta({ id: 'JobCounts' }),
  outcomes: z.object(outcomeCounts).meta({
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
      currency: z.string().meta({
        description: 'Currency of all amounts of the job (ISO 4217).',
        examples: ['USD'],
      }),
      max_cost: amountSchema.nullable().meta({
        description: 'Ceiling on what the job may spend, or null.',
      }),
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
      written_off: amountSchema.meta({
        description:
          'Uploads that a person paid for again and that the provider charged or may have charged: lost, unless it gives the money back.',
      }),
    })
    .meta({
      id: 'JobMoney',
      examples: [
        {
          currency: 'USD',
          max_cost: '25',
          cost: '0.24',
          reserved: '0.08',
          at_risk: '0',
          written_off: '0',
        },
      ],
    }),
  failure: z
    .string()
    .nullable()
    .meta({ description: 'Why a failed job failed.', examples: [null] }),
  created_at: time.meta({ description: 'When the upload was complete and stored.' }),
  planned_at: time.nullable().meta({ description: 'When the job was cut into chunks.' }),
  finished_at: time
    .nullable()
    .meta({ description: 'When the last number got its result.', examples: [null] }),
  links: z
    .object({
      self: z.string().meta({ description: 'This job.' }),
      results: z.string().meta({ description: 'Its results, in pages.' }),
      rejects: z.string().meta({ description: 'Lines that held no valid number, in pages.' }),
      chunks: z.string().meta({ description: 'The uploads that it was cut into.' }),
      replays: z.string().meta({ description: 'Where its kept result files were read again.' }),
      events: z.string().meta({ description: 'What becomes of it, as server-sent events.' }),
      export: z.string().meta({ description: 'All results as one file.' }),
    })
    .meta({ id: 'JobLinks' }),
};

/** A job as lists show it. */
export const jobSummarySchema = z.object(summary).meta({ id: 'JobSummary' });

const attentionSchema = z
  .object({
    state: z.enum(['held', 'blocked', 'waiting']).meta({
      description:
        '`held`: waits for a person. `blocked`: waits for a reason to go away. `waiting`: the provider took it and does not begin before it is paid.',
    }),
    reason: z.string().meta({ description: 'Why it waits.', examples: ['unknown'] }),
    detail: z
      .string()
      .nullable()
      .meta({ description: 'Stable code of what happened.', examples: ['connection_lost'] }),
    chunks: count.meta({ description: 'How many chunks wait for this.', examples: [1] }),
    numbers: count.meta({ description: 'Numbers that they hold.', examples: [200] }),
    money_at_risk: amountSchema.meta({
      description:
        'Money of held uploads, while nobody has decided: in doubt where the reason is `unknown` (counted in `money.reserved`), else spent (in `money.cost`); never in `money.at_risk`. 0 of others.',
    }),
    unpaid: amountSchema.meta({
      description:
        'What the provider still has to be paid for `waiting` ones, by configured price. Counted in `money.cost`; 0 of others.',
    }),
  })
  .meta({ id: 'Attention' });

/** A job on its own: also what of it waits, and why lines were rejected. */
export const jobSchema = z
  .object({
    ...summary,
    attention: z
      .array(attentionSchema)
      .meta({ description: 'What is held, blocked or not paid for, why, and the money in doubt.' }),
    reject_reasons: z
      .record(z.string(), count)
      .meta({ description: 'Rejected lines by reason.', examples: [{ too_short: 3 }] }),
    replays: z
      .object({
        open: count.meta({ description: 'That wait or run.', examples: [0] }),
        applied: count.meta({
          description: 'That replaced rows or let a held chunk go, also after the job was closed.',
          examples: [0],
        }),
      })
      .meta({ id: 'JobReplays', description: 'Kept result files of it that were read again.' }),
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
  attention: z.literal('true', 'write true, or leave it out').optional().meta({
    description: '`true`: only jobs of which something is held, blocked or not paid for.',
  }),
});

export type JobQuery = z.output<typeof jobQuerySchema>;
export type Job = z.input<typeof jobSchema>;
export type JobSummary = z.input<typeof jobSummarySchema>;
