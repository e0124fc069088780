import { z } from 'zod';
import { amountSchema } from './amount.ts';
import { chunkIdSchema } from './chunk-id.ts';
import { decisionSchema } from './decision.ts';
import { jobIdSchema } from './job-id.ts';
import { cursorSchema, limitSchema, pageOf } from './page.ts';
import { attemptOutcomes, chunkStateMeanings, chunkStates } from './chunk-words.ts';

const count = z.int().min(0);
const numbersOfTask = 'Numbers of the task, as the provider counts them.';
const numbersThrough = 'How many of them it says are through.';
const time = z.iso.datetime().meta({ examples: ['2024-08-01T09:30:00.000Z'] });

export const chunkStateSchema = z.enum(chunkStates, `write one of ${chunkStates.join(', ')}`).meta({
  id: 'ChunkState',
  description:
    'ready → submitting → polling → result_ready → ingesting → done. ' +
    chunkStates.map((state) => `\`${state}\`: ${chunkStateMeanings[state]}`).join(' '),
});

const attemptOutcomeSchema = z.enum(attemptOutcomes).meta({
  id: 'AttemptOutcome',
  description:
    '`intent`: on the wire. `accepted`: the provider named a task. `refused_free`, `not_sent`: cost nothing. `unknown`: may have been charged. ' +
    '`not_charged`, `written_off`: a person paid again.',
});

/** One try at uploading a chunk: the unit of money. */
export const attemptSchema = z
  .object({
    id: z.string().meta({
      description: 'Id of the attempt.',
      examples: ['att_01929d3e-8c00-7a31-9f5c-0242ac120004'],
    }),
    number: z.int().min(1).meta({ description: 'Counted from 1 within the chunk.' }),
    outcome: attemptOutcomeSchema,
    reason: z
      .string()
      .nullable()
      .meta({ description: 'Why it ended so.', examples: ['connection_lost'] }),
    amount: amountSchema.meta({
      description: 'What it costs or would cost, at the price of then.',
    }),
    currency: z.string().meta({
      description: 'Currency of the amount (ISO 4217).',
      examples: ['USD'],
    }),
    started_at: time.meta({
      description: 'When the money was reserved, before anything was sent.',
    }),
    settled_at: time.nullable().meta({ description: 'When its outcome was known; null: not yet.' }),
  })
  .meta({ id: 'Attempt' });

const attemptWithTaskSchema = attemptSchema
  .extend({
    task_id: z.string().nullable().meta({ description: "The provider's name of what it took." }),
    named_task_id: z
      .string()
      .nullable()
      .meta({
        description:
          'A task that its own answer named and that is not its task: the answer came after a decision, or another upload has that task.',
        examples: [null],
      }),
    paid_twice: z.boolean().meta({
      description:
        'It was paid for again, and the provider is known to have taken it: its money went twice, unless the provider gives it back.',
      examples: [false],
    }),
    numbers: count.meta({ description: 'How many numbers it sent.' }),
    price_per_number: amountSchema,
    approval_id: z
      .string()
      .nullable()
      .meta({ description: 'The approval that allowed this payment, where it is a second one.' }),
    money: z.enum(['reserved', 'committed', 'released', 'at_risk', 'written_off']).meta({
      description: 'Where its money is now, from the ledger.',
    }),
  })
  .meta({ id: 'AttemptOfChunk' });

const pollSchema = z
  .object({
    at: time.meta({ description: 'When the provider was asked.' }),
    answer: z
      .string()
      .meta({ description: 'status, not_found or no_answer', examples: ['status'] }),
    word: z.string().nullable().meta({ description: "The provider's own word." }),
    phase: z.string().nullable().meta({ description: 'What we take the word for.' }),
    total: count.nullable().meta({ description: numbersOfTask }),
    determined: count.nullable().meta({ description: numbersThrough }),
    applied: z.boolean().meta({
      description:
        'False where the word was not understood, the status goes back, or the answer came too late.',
    }),
  })
  .meta({ id: 'Poll' });

const chunk = {
  id: chunkIdSchema,
  job_id: jobIdSchema,
  number: z.int().min(1).meta({ description: 'Counted from 1 within the job.' }),
  account: z.string().meta({ description: 'Account (provider credentials) that it is sent to.' }),
  state: chunkStateSchema,
  reason: z
    .string()
    .nullable()
    .meta({ description: 'Why it is blocked, held or rejected.', examples: ['unknown'] }),
  detail: z
    .string()
    .nullable()
    .meta({ description: 'What exactly a held chunk met.', examples: ['connection_lost'] }),
  numbers: count.meta({ description: 'How many numbers it holds.' }),
  is_canary: z.boolean().meta({
    description: "The job's first chunk, which goes alone; the rest follow when it ended well.",
  }),
  task_id: z.string().nullable().meta({ description: "The provider's task, where one is known." }),
  attempt: attemptSchema
    .nullable()
    .meta({ description: 'The attempt whose task is polled and read; null: none was made yet.' }),
  provider: z
    .object({
      word: z.string().meta({ description: "The provider's own word." }),
      total: count.nullable().meta({ description: numbersOfTask }),
      determined: count.nullable().meta({ description: numbersThrough }),
    })
    .nullable()
    .meta({ description: 'What the provider said last of the task; hints, never truth.' }),
  polls: count.meta({ description: 'How often the provider was asked for this task.' }),
  next_at: time.nullable().meta({
    description:
      'When it is looked at next, or when a worker’s lease ends; null: nothing to wait for.',
  }),
  created_at: time.meta({ description: 'When the job was cut into chunks.' }),
  changed_at: time.meta({ description: 'When its state changed last.' }),
  closed_at: time.nullable().meta({ description: 'When it came to its end; null: it has not.' }),
  links: z
    .object({
      self: z.string().meta({ description: 'This chunk.' }),
      job: z.string().meta({ description: 'Its job.' }),
    })
    .meta({ id: 'ChunkLinks' }),
};

/** A contiguous range of a job's sorted numbers, sent to one account in one upload. */
export const chunkSchema = z.object(chunk).meta({ id: 'Chunk' });

/** A chunk on its own: also every attempt at its upload, and what the provider said lately. */
export const wholeChunkSchema = z
  .object({
    ...chunk,
    attempts: z.array(attemptWithTaskSchema).meta({ description: 'Oldest first.' }),
    decisions: z
      .array(decisionSchema)
      .meta({ description: 'What people decided on it while it was held, oldest first.' }),
    recent_polls: z
      .array(pollSchema)
      .meta({ description: 'The last 20 times that the provider was asked, newest first.' }),
  })
  .meta({ id: 'WholeChunk' });

export const chunkPageSchema = pageOf(chunkSchema).meta({ id: 'ChunkPage' });

export const chunkQuerySchema = z.strictObject({
  cursor: cursorSchema,
  limit: limitSchema({ byDefault: 100, max: 1_000 }),
  state: chunkStateSchema.optional(),
});

export type Chunk = z.input<typeof chunkSchema>;
export type WholeChunk = z.input<typeof wholeChunkSchema>;
