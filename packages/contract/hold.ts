import { z } from 'zod';
import { amountSchema } from './amount.ts';
import { chunkSchema } from './chunk.ts';
import { chunkIdSchema } from './chunk-id.ts';
import { heldReasons } from './chunk-words.ts';
import { decisionNameSchema, decisionSchema } from './decision.ts';
import { jobIdSchema } from './job-id.ts';
import { line } from './line.ts';
import { accountIdSchema, checkNameSchema } from './names.ts';
import { cursorSchema, limitSchema, pageOf } from './page.ts';

const count = z.int().min(0);
const time = z.iso.datetime().meta({ examples: ['2024-08-01T09:30:00.000Z'] });

export const heldReasonSchema = z.enum(heldReasons, `write one of ${heldReasons.join(', ')}`).meta({
  id: 'HeldReason',
  description:
    '`unknown`: it may have been charged. `upstream_failed`, `poll`, `artifact`: it was charged.',
});

const hold = {
  chunk_id: chunkIdSchema,
  job_id: jobIdSchema,
  account: z.string().meta({ description: 'Account that it was sent to.' }),
  check: z.string().meta({ description: 'What was asked.' }),
  numbers: count.meta({ description: 'How many numbers it holds.' }),
  reason: heldReasonSchema,
  detail: z
    .string()
    .nullable()
    .meta({ description: 'Stable code of what happened.', examples: ['connection_lost'] }),
  attempt_id: z.string().meta({ description: 'The attempt whose money is in doubt.' }),
  attempt_outcome: z.enum(['accepted', 'unknown']).meta({
    description: '`accepted`: the provider named a task. `unknown`: it may have been charged.',
  }),
  task_id: z.string().nullable().meta({ description: "The provider's task, where one is known." }),
  money_at_risk: amountSchema.meta({
    description:
      "What the attempt may have cost (`attempt_outcome` is `unknown`: in doubt) or has cost (`accepted`: paid), while nobody has decided. It is part of the job's `money.reserved` where the reason is `unknown`, of its `money.cost` otherwise; never of `money.at_risk`, which is what was given up.",
  }),
  currency: z
    .string()
    .meta({ description: 'Currency of that amount (ISO 4217).', examples: ['USD'] }),
  held_since: time.meta({
    description:
      'Since when it waits: since this attempt was held first, whatever was decided and undone meanwhile.',
  }),
  held_again_at: time.nullable().meta({
    description:
      'When the same upload was held again after a decision that did not end it, such as the adoption of a task that did not fit. Null: it was held once.',
    examples: [null],
  }),
  allowed: z
    .array(decisionNameSchema)
    .meta({ description: 'What may be decided on it now.', examples: [['adopt', 'give_up']] }),
};

/** A chunk that waits for a person. */
export const holdSchema = z.object(hold).meta({ id: 'Hold' });

const sums = z.array(
  z.object({ currency: z.string().meta({ description: 'ISO 4217.' }), amount: amountSchema }),
);

export const holdPageSchema = pageOf(holdSchema)
  .extend({
    totals: z
      .object({
        chunks: count.meta({ description: 'Chunks that wait.' }),
        numbers: count.meta({ description: 'Numbers that they hold.' }),
        money_at_risk: sums.meta({
          description: 'Money in doubt, by currency: of uploads whose outcome is unknown.',
        }),
        money_paid: sums.meta({
          description:
            'Money that was spent, by currency: of uploads that were accepted, whose results are not there.',
        }),
      })
      .meta({ id: 'HoldTotals', description: 'Of all that the filter names, not of this page.' }),
  })
  .meta({ id: 'HoldPage' });

const bodyBytes = count.nullable().meta({
  description: 'Bytes of the upload’s body; null: no upload, or not known.',
  examples: [17_400],
});
const bodyBytesSent = count.nullable().meta({
  description:
    'How many of them the operating system took from us, as last counted at the socket. That all were taken does not prove that any arrived.',
  examples: [17_400],
});
const balanceSchema = z
  .object({ amount: amountSchema, at: time.meta({ description: 'When the provider said so.' }) })
  .nullable();

/** The upload whose money is in doubt: what a person asks of it first, and tells the provider's support. */
const heldUploadSchema = z
  .object({
    intended_at: time.meta({
      description: 'When its money was reserved and the intent stored, before the first byte left.',
    }),
    started_at: time.nullable().meta({
      description:
        'When it began. Null, as what follows: its worker died or is silent, and nobody knows what it sent.',
    }),
    settled_at: time.nullable().meta({
      description: 'When its outcome was known, or given up as unknown.',
    }),
    headers_sent: z.boolean().nullable().meta({
      description: 'False: it is proved that nothing was sent.',
    }),
    body_bytes: bodyBytes,
    body_bytes_sent: bodyBytesSent,
    http_status: z.int().nullable().meta({ description: 'Null: no answer came.' }),
    transport_error: z
      .string()
      .nullable()
      .meta({
        description: 'How the connection failed, where it did.',
        examples: ['ECONNRESET'],
      }),
    body_excerpt: z.string().nullable().meta({
      description: 'The beginning of the answer, numbers and keys masked.',
    }),
    balance_before: balanceSchema.meta({
      description:
        'What the provider said last of the account’s balance before it; null: it never did.',
    }),
    balance_after: balanceSchema.meta({
      description:
        'What it said first after the outcome was given up as unknown; null: not asked, or it has no such call. A hint: other uploads may lie in between, and nothing is decided by it.',
    }),
  })
  .meta({ id: 'HeldUpload' });

const evidenceSchema = z
  .object({
    attempt_id: z.string().meta({ description: 'The attempt that it belongs to.' }),
    started_at: time.meta({ description: 'When the call began.' }),
    duration_ms: count.meta({ description: 'How long it took.' }),
    operation: z.enum(['submit', 'status', 'download', 'balance']).meta({
      description: 'What was asked of the provider.',
    }),
    verdict: z.string().meta({
      description: 'What we take the answer for.',
      examples: ['connection_lost'],
    }),
    task_id: z.string().nullable().meta({ description: 'The task that was asked for or named.' }),
    headers_sent: z.boolean().meta({ description: 'False: it is proved that nothing was sent.' }),
    body_bytes: bodyBytes,
    body_bytes_sent: bodyBytesSent,
    http_status: z.int().nullable().meta({ description: 'Null: no answer came.' }),
    body_excerpt: z.string().nullable().meta({
      description: 'The beginning of the answer, numbers and keys masked.',
    }),
    transport_error: z
      .string()
      .nullable()
      .meta({ description: 'How the connection failed, where it did.', examples: ['ECONNRESET'] }),
  })
  .meta({ id: 'Evidence' });

/** A hold on its own: also every exchange with the provider, and what was decided before. */
export const wholeHoldSchema = z
  .object({
    ...hold,
    upload: heldUploadSchema,
    evidence: z
      .array(evidenceSchema)
      .meta({ description: 'Every exchange over the chunk that was kept, oldest first.' }),
    decisions: z.array(decisionSchema).meta({ description: 'Oldest first.' }),
  })
  .meta({ id: 'WholeHold' });

export const holdQuerySchema = z.strictObject({
  cursor: cursorSchema,
  limit: limitSchema({ byDefault: 100, max: 1_000 }),
  account: accountIdSchema.optional(),
  job: jobIdSchema.optional(),
  reason: heldReasonSchema.optional(),
  check: checkNameSchema.optional(),
});

export const resolveHoldBodySchema = z
  .strictObject({
    decision: decisionNameSchema,
    reason: line(2_000).meta({
      description: 'Why, for whoever asks later.',
      examples: ['support says that the task was never created, ticket 4711'],
    }),
    attempt_id: z
      .string()
      .regex(/^att_[0-9a-f-]{36}$/, 'write the attempt_id of the hold')
      .optional()
      .meta({
        description:
          'The `attempt_id` of the hold that was looked at. Name it, so that a request that is sent twice never decides on a later upload of the chunk.',
        examples: ['att_01929d3e-8c00-7a31-9f5c-0242ac120004'],
      }),
    task_id: z
      .string('write the id of a task')
      .regex(/^[\x21-\x7e]{1,200}$/, 'write the id as the provider does, without spaces')
      .regex(/[^.]/, 'write the id: dots stand for it')
      .optional()
      .meta({ description: 'Required with adopt, and only there.' }),
    cost_ceiling: amountSchema.optional().meta({
      description:
        'Required with pay_again, and only there: the most that the new upload may cost. Needs the scope approvals:write too.',
    }),
    not_charged: z.boolean().optional().meta({
      description:
        'Only with pay_again: true where the provider says that the earlier upload cost nothing, so that its money is released and not written off.',
    }),
  })
  .meta({ id: 'ResolveHold' });

export const resolvedHoldSchema = z
  .object({
    chunk: chunkSchema,
    decision: decisionSchema,
    repeated: z.boolean().meta({
      description:
        'True: it had been decided so before. This request changed nothing and pays nothing; `decision` is the earlier one.',
    }),
  })
  .meta({ id: 'ResolvedHold' });

export type Hold = z.input<typeof holdSchema>;
export type WholeHold = z.input<typeof wholeHoldSchema>;
export type ResolveHold = z.output<typeof resolveHoldBodySchema>;

/** What it may have cost, or has: an upload that was accepted is paid, whatever becomes of its result. */
export function heldMoneyText({
  money_at_risk,
  currency,
  attempt_outcome,
}: Pick<Hold, 'money_at_risk' | 'currency' | 'attempt_outcome'>): string {
  return `${money_at_risk} ${currency} ${attempt_outcome === 'accepted' ? 'paid' : 'in doubt'}`;
}
