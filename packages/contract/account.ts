import { z } from 'zod';
import { amountSchema } from './amount.ts';
import { line } from './line.ts';
import { accountIdSchema } from './names.ts';

const count = z.int().min(0);
const time = z.iso.datetime().meta({ examples: ['2024-08-01T09:30:00.000Z'] });

/** One set of credentials at one provider: how it is, and what stops it. */
export const accountSchema = z
  .object({
    id: accountIdSchema,
    adapter: z.string().meta({ examples: ['tasks-v1'] }),
    state: z.enum(['ready', 'paused', 'breaker_open', 'limited']).meta({
      description:
        '`paused`: nothing is sent until it is resumed. `breaker_open`: three uploads ended unknown within ten minutes. ' +
        '`limited`: one upload at a time after an unknown one, or chunks wait for balance or for the daily cap.',
    }),
    paused: z
      .object({
        reason: z.enum(['operator', 'auth', 'actual_above_price']).meta({
          description:
            '`operator`: a person. `auth`: the key was refused. `actual_above_price`: the provider charged more than the price.',
        }),
        since: time,
        note: z.string().nullable().meta({ description: 'Who paused it and why.' }),
      })
      .nullable(),
    advice: z.string().nullable().meta({
      description: 'What a person can do about it; null: there is nothing to do.',
    }),
    checks: z.array(z.string()),
    currency: z.string().meta({ examples: ['USD'] }),
    balance: z.object({ amount: amountSchema, at: time }).nullable().meta({
      description: 'What the provider said last; null: it was not asked, or does not say.',
    }),
    uploads: z
      .object({ in_flight: count, at_once_max: count })
      .meta({ id: 'AccountUploads', description: 'at_once_max is what counts now.' }),
    chunks: z
      .object({
        ready: count,
        submitting: count,
        polling: count,
        ingesting: count,
        held: count,
        blocked: count,
      })
      .meta({
        id: 'AccountChunks',
        description: 'Of the tenant that asks; ingesting counts result_ready too.',
      }),
    money: z
      .object({
        reserved: amountSchema.meta({
          description: 'Uploads on the wire, and those held as unknown.',
        }),
        at_risk: amountSchema.meta({
          description:
            'Unknown uploads that a person gave up: they may have been charged, and nobody will find out. What is not decided yet is no part of it.',
        }),
        committed_today: amountSchema.meta({ description: 'Since 00:00 UTC.' }),
        committed_this_month: amountSchema.meta({
          description: 'Since the first of the month, UTC.',
        }),
        daily_cap: amountSchema.nullable(),
      })
      .meta({ id: 'AccountMoney', description: 'Of the tenant that asks, by configured price.' }),
    last_error: z
      .object({
        at: time,
        operation: z.string(),
        verdict: z.string(),
        http_status: z.int().nullable(),
        transport_error: z.string().nullable(),
      })
      .nullable()
      .meta({ description: 'The last exchange over an upload that did not go well.' }),
    semantics_confirmed: z.boolean().meta({
      description:
        'False: the first result file is held until a person has looked at what its rows mean.',
    }),
    semantics_confirmation: z
      .object({ at: time, note: z.string().nullable().meta({ description: 'Who, and why.' }) })
      .nullable()
      .meta({ description: 'Null: nobody did, or the accounts file says it.' }),
    breaker: z
      .object({
        unknown_recent: count.meta({ description: 'Unknown uploads of the last ten minutes.' }),
        resets_at: time.nullable().meta({ description: 'When the oldest of them is forgotten.' }),
      })
      .meta({ id: 'AccountBreaker' }),
    links: z.object({ self: z.string(), holds: z.string() }).meta({ id: 'AccountLinks' }),
  })
  .meta({ id: 'Account' });

export const accountListSchema = z
  .object({ data: z.array(accountSchema) })
  .meta({ id: 'AccountList' });

/** Body of pause and resume; may be absent. */
export const changeAccountBodySchema = z
  .strictObject({
    reason: line(500)
      .optional()
      .meta({
        description: 'Why, for whoever asks later.',
        examples: ['maintenance at the provider until 06:00 UTC'],
      }),
  })
  .nullish()
  .meta({ id: 'ChangeAccount' });

export const confirmSemanticsBodySchema = z
  .strictObject({
    reason: line(500).meta({
      description: 'What was looked at and seen, for whoever asks later.',
      examples: ['its rows are the registered numbers, compared with ten that we know'],
    }),
  })
  .meta({ id: 'ConfirmSemantics' });

export type Account = z.input<typeof accountSchema>;
