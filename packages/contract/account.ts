import type { BreakerCause, BreakerState } from '@rollcall/domain';
import { z } from 'zod';
import { amountSchema } from './amount.ts';
import { chunkStateMeanings } from './chunk-words.ts';
import { line } from './line.ts';
import { accountIdSchema } from './names.ts';

/** The domain's words, written out as in words.ts. */
const breakerStateWords: Readonly<Record<BreakerState, true>> = {
  closed: true,
  limited: true,
  open: true,
  half_open: true,
};
const breakerCauseWords: Readonly<Record<BreakerCause, true>> = {
  unknown_uploads: true,
  unreadable_answer: true,
  canary_unknown: true,
};

const count = z.int().min(0);
const currencyOf = 'Currency of the amounts (ISO 4217).';
const notesOf = 'Null besides: another tenant operates the account.';
const time = z.iso.datetime().meta({ examples: ['2024-08-01T09:30:00.000Z'] });

/** One set of credentials at one provider: how it is, and what stops it. */
export const accountSchema = z
  .object({
    id: accountIdSchema,
    adapter: z.string().meta({
      description: 'Which API the provider speaks.',
      examples: ['tasks-v1'],
    }),
    state: z.enum(['ready', 'paused', 'breaker_open', 'breaker_half_open', 'limited']).meta({
      description:
        '`paused`: nothing is sent until it is resumed. `breaker_open`: three uploads ended unknown within ten minutes, or one with an answer that nobody can read. ' +
        '`breaker_half_open`: one upload goes, to see whether it is well again. ' +
        '`limited`: one upload at a time after an unknown one, or chunks wait for balance or for a cap.',
    }),
    paused: z
      .object({
        reason: z.enum(['operator', 'auth', 'actual_above_price']).meta({
          description:
            '`operator`: a person. `auth`: the key was refused. `actual_above_price`: the provider charged more than the price.',
        }),
        since: time.meta({ description: 'Since when nothing is sent.' }),
        note: z
          .string()
          .nullable()
          .meta({ description: `Who paused it and why. ${notesOf}` }),
      })
      .nullable()
      .meta({ description: 'Why and since when nothing is sent; null: it is not paused.' }),
    advice: z.string().nullable().meta({
      description: 'What a person can do about it; null: there is nothing to do.',
    }),
    checks: z.array(z.string()).meta({ description: 'What it can be asked, by name.' }),
    currency: z.string().meta({ description: currencyOf, examples: ['USD'] }),
    balance: z
      .object({ amount: amountSchema, at: time.meta({ description: 'When it said so.' }) })
      .nullable()
      .meta({
        description: 'What the provider said last; null: it was not asked, or does not say.',
      }),
    uploads: z
      .object({
        in_flight: count.meta({ description: 'Uploads that are on the wire now.' }),
        at_once_max: count.meta({ description: 'How many may be.' }),
      })
      .meta({ id: 'AccountUploads', description: 'at_once_max is what counts now.' }),
    chunks: z
      .object({
        ready: count.meta({ description: chunkStateMeanings.ready }),
        submitting: count.meta({ description: chunkStateMeanings.submitting }),
        polling: count.meta({ description: chunkStateMeanings.polling }),
        ingesting: count.meta({ description: chunkStateMeanings.ingesting }),
        held: count.meta({ description: chunkStateMeanings.held }),
        blocked: count.meta({ description: chunkStateMeanings.blocked }),
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
        written_off: amountSchema.meta({
          description:
            'Uploads that a person paid for again and that the provider charged or may have charged: lost, unless it gives the money back.',
        }),
        committed_today: amountSchema.meta({
          description: 'Since 00:00 UTC; without what was given back or written off since.',
        }),
        committed_this_month: amountSchema.meta({
          description: 'Since the first of the month, UTC.',
        }),
        daily_cap: amountSchema.nullable().meta({
          description: 'Most that may be reserved in a day (UTC); null: no limit.',
        }),
        monthly_cap: amountSchema.nullable().meta({
          description: 'Most that may be reserved in a month (UTC); null: no limit.',
        }),
        counted_today: amountSchema.nullable().meta({
          description:
            'What counts against `daily_cap`: what was reserved since 00:00 UTC and not given back, written off included, over all tenants. Null: no limit.',
        }),
        counted_this_month: amountSchema.nullable().meta({
          description: 'The same against `monthly_cap`, since the first of the month, UTC.',
        }),
        daily_cap_left: amountSchema.nullable().meta({
          description: 'What `daily_cap` has room for still; null: no limit.',
        }),
        monthly_cap_left: amountSchema.nullable().meta({
          description: 'What `monthly_cap` has room for still; null: no limit.',
        }),
      })
      .meta({
        id: 'AccountMoney',
        description: 'By configured price; of the tenant that asks, save what counts against caps.',
      }),
    top_up: z
      .object({
        needed: amountSchema.meta({
          description:
            'What has to be paid in; less what the provider told of its balance since they wait.',
        }),
        waits: amountSchema.meta({ description: 'What all that waits costs.' }),
        uploads: count.meta({
          description: 'Chunks that were not sent, and tasks that the provider does not begin.',
        }),
        tasks: count.meta({
          description: 'Of them, tasks: the provider took them, and begins once they are paid.',
        }),
        since: time.meta({
          description: 'Since when the first of them waits. A balance told before is outdated.',
        }),
      })
      .nullable()
      .meta({
        id: 'AccountTopUp',
        description:
          'Of the tenant that asks, by configured price. It goes on by itself once there is money. Null: nothing waits for any.',
      }),
    last_error: z
      .object({
        at: time.meta({ description: 'When the call began.' }),
        operation: z.string().meta({ description: 'What was asked of the provider.' }),
        verdict: z.string().meta({ description: 'What we take the answer for.' }),
        http_status: z.int().nullable().meta({ description: 'Null: no answer came.' }),
        transport_error: z.string().nullable().meta({
          description: 'How the connection failed, where it did.',
        }),
      })
      .nullable()
      .meta({ description: 'The last exchange over an upload that did not go well.' }),
    last_resumed: z
      .object({
        at: time.meta({ description: 'When it was let send again.' }),
        note: z
          .string()
          .nullable()
          .meta({ description: `Who resumed it, and why. ${notesOf}` }),
      })
      .nullable()
      .meta({
        description:
          'When a person last ended a pause of it or closed its breaker. Null: nobody ever did.',
      }),
    semantics_confirmed: z.boolean().meta({
      description:
        'False: the first result file is held until a person has looked at what its rows mean.',
    }),
    semantics_confirmation: z
      .object({
        at: time.meta({ description: 'When it was confirmed.' }),
        note: z
          .string()
          .nullable()
          .meta({ description: `Who, and why. ${notesOf}` }),
      })
      .nullable()
      .meta({ description: 'Null: nobody did, or the accounts file says it.' }),
    breaker: z
      .object({
        state: z.enum(Object.keys(breakerStateWords) as BreakerState[]).meta({
          description:
            '`limited`: one upload at a time. `open`: nothing is sent. `half_open`: one upload goes; accepted, it closes the breaker, unknown, it opens it for longer.',
        }),
        why: z
          .enum(Object.keys(breakerCauseWords) as BreakerCause[])
          .nullable()
          .meta({
            description:
              'Why it opened. `unreadable_answer`: a 2xx that does not say what became of the upload. `canary_unknown`: the one upload of a half-open breaker. Null: it did not.',
          }),
        since: time.nullable().meta({ description: 'Since when; null: it is closed.' }),
        resets_at: time.nullable().meta({
          description:
            'When `limited` ends, or `open` becomes `half_open`; null: no time changes it.',
        }),
        unknown_recent: count.meta({ description: 'Unknown uploads of the last ten minutes.' }),
        last_closed: z
          .object({
            at: time.meta({ description: 'When it was closed after it had opened.' }),
            note: z
              .string()
              .nullable()
              .meta({
                description: `Who resumed the account, and why; null: an upload was accepted. ${notesOf}`,
              }),
          })
          .nullable()
          .meta({ description: 'Null: it never was.' }),
      })
      .meta({ id: 'AccountBreaker' }),
    links: z
      .object({
        self: z.string().meta({ description: 'This account.' }),
        holds: z.string().meta({ description: 'What of it waits for a person.' }),
      })
      .meta({ id: 'AccountLinks' }),
  })
  .meta({ id: 'Account' });

export const accountListSchema = z
  .object({ data: z.array(accountSchema).meta({ description: 'Every account.' }) })
  .meta({ id: 'AccountList' });

/** Body of pause; may be absent, since a pause costs nothing and is wanted at once. */
export const pauseAccountBodySchema = z
  .strictObject({
    reason: line(500)
      .optional()
      .meta({
        description: 'Why, for whoever asks later.',
        examples: ['maintenance at the provider until 06:00 UTC'],
      }),
  })
  .nullish()
  .meta({ id: 'PauseAccount' });

/** Body of resume: money flows again, and whoever asks later finds why. */
export const resumeAccountBodySchema = z
  .strictObject({
    reason: line(500).meta({
      description: 'Why, for whoever asks later.',
      examples: ['support says that it is well again, ticket 4712'],
    }),
  })
  .meta({ id: 'ResumeAccount' });

export const confirmSemanticsBodySchema = z
  .strictObject({
    reason: line(500).meta({
      description: 'What was looked at and seen, for whoever asks later.',
      examples: ['its rows are the registered numbers, compared with ten that we know'],
    }),
  })
  .meta({ id: 'ConfirmSemantics' });

export type Account = z.input<typeof accountSchema>;
