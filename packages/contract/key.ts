import { z } from 'zod';
import { amountSchema } from './amount.ts';
import { line } from './line.ts';
import { cursorSchema, limitSchema, pageOf } from './page.ts';
import { scopes } from './words.ts';

const time = z.iso.datetime().meta({ examples: ['2024-08-01T09:30:00.000Z'] });

export const keyIdSchema = z
  .string()
  .regex(/^key_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
  .meta({
    id: 'KeyId',
    description: 'Id of an API key; it opens nothing.',
    examples: ['key_01929d3e-8c00-7a31-9f5c-0242ac120002'],
  });

export const scopeSchema = z.enum(scopes, `write one of ${scopes.join(', ')}`).meta({
  id: 'Scope',
  description: 'What a key may do. `admin` may do everything.',
});

const expiresAt = time
  .nullable()
  .meta({ description: 'From then on it opens nothing; null: it does not expire.' });

const limitMeanings = {
  requests_per_minute:
    'Requests that one process of the API answers it in a minute, where that is less than what everybody has; null: as everybody.',
  numbers_per_day:
    'Accepted numbers of the jobs that it makes in a UTC day, together with the keys that it was rotated from and into; null: no limit.',
  cost_per_day:
    'The same for what these jobs cost at the configured price, in each currency by itself; null: no limit.',
} as const;

const limits = {
  requests_per_minute: z.int().nullable().meta({ description: limitMeanings.requests_per_minute }),
  numbers_per_day: z.int().nullable().meta({ description: limitMeanings.numbers_per_day }),
  cost_per_day: amountSchema.nullable().meta({ description: limitMeanings.cost_per_day }),
};

const whole = (max: number) =>
  z.int(`write a whole number up to ${max}`).max(max, `write a whole number up to ${max}`);
const givenLimits = {
  requests_per_minute: whole(1_000_000)
    .min(1, 'write a whole number from 1')
    .nullish()
    .meta({ description: limitMeanings.requests_per_minute, examples: [600] }),
  numbers_per_day: whole(10_000_000_000)
    .min(0, 'write a whole number from 0')
    .nullish()
    .meta({ description: limitMeanings.numbers_per_day, examples: [1_000_000] }),
  cost_per_day: amountSchema
    .nullish()
    .meta({ description: limitMeanings.cost_per_day, examples: ['250.00'] }),
};

const key = {
  id: keyIdSchema,
  name: z.string().meta({ description: 'Who the key is for.', examples: ['billing'] }),
  scopes: z.array(scopeSchema).meta({ description: 'What it may do.' }),
  created_at: time.meta({ description: 'When it was made.' }),
  expires_at: expiresAt,
  revoked_at: time.nullable().meta({ description: 'When it was revoked; null: it was not.' }),
  last_used_at: time.nullable().meta({ description: 'To the minute.' }),
  rotated_from: keyIdSchema.nullable().meta({ description: 'The key that it takes the place of.' }),
  ...limits,
};

/** A key as lists show it: never the key itself. */
export const keySchema = z.object(key).meta({ id: 'Key' });

export const keyPageSchema = pageOf(keySchema).meta({ id: 'KeyPage' });

export const keyQuerySchema = z.strictObject({
  cursor: cursorSchema,
  limit: limitSchema({ byDefault: 20, max: 100 }),
});

export const createKeyBodySchema = z
  .strictObject({
    name: line(200).meta({ description: 'Who the key is for.', examples: ['billing'] }),
    scopes: z
      .array(scopeSchema)
      .min(1, 'write at least one scope')
      .max(scopes.length, 'write each scope once')
      .refine((given) => new Set(given).size === given.length, 'write each scope once')
      .meta({ description: 'What it may do.', examples: [['jobs:read', 'results:read']] }),
    expires_at: z.iso
      .datetime({ offset: true, error: 'write a time as 2030-01-01T00:00:00Z' })
      .nullish()
      .meta({ description: 'A time to come; absent: it does not expire.' }),
    ...givenLimits,
  })
  .meta({ id: 'CreateKey' });

/** What may be changed of a key; what is absent stays as it is. What it may do is not among it: that is another key. */
export const changeKeyBodySchema = z
  .strictObject({
    name: line(200)
      .optional()
      .meta({ description: 'Who the key is for.', examples: ['billing'] }),
    ...givenLimits,
  })
  .meta({ id: 'ChangeKey' });

const overlap_max_s = 30 * 86_400;

export const rotateKeyBodySchema = z
  .strictObject({
    overlap_s: z
      .int('write whole seconds')
      .min(0, 'write whole seconds from 0')
      .max(overlap_max_s, `write at most ${overlap_max_s} seconds`)
      .default(86_400)
      .meta({
        description:
          'Seconds for which the old key still works, a day if absent, 30 days at most; 0: it ends at once, as by a revocation.',
        examples: [86_400],
      }),
  })
  .meta({ id: 'RotateKey' });

/** The answer to a creation: the only time that the key itself is shown. */
export const newKeySchema = z
  .object({
    ...key,
    key: z.string().meta({
      description: 'Send it as `Authorization: Bearer <key>`. It cannot be shown again.',
      examples: [`rc_live_${'0'.repeat(32)}_${'x'.repeat(43)}`],
    }),
  })
  .meta({ id: 'NewKey' });

/** The answer to a rotation: the only time that the new key is shown. */
export const rotatedKeySchema = newKeySchema
  .extend({
    rotated_from: keyIdSchema.meta({ description: 'The key that it takes the place of.' }),
    old_key_ends_at: time.meta({ description: 'From then on the old key opens nothing.' }),
  })
  .meta({ id: 'RotatedKey' });

/** The key that asks. */
export const ownKeySchema = z
  .object({
    id: keyIdSchema,
    name: z.string().meta({ description: 'Who the key is for.', examples: ['billing'] }),
    scopes: z.array(scopeSchema).meta({ description: 'What it may do.' }),
    tenant: z.string().meta({ description: 'Whose jobs it sees.', examples: ['default'] }),
    expires_at: expiresAt,
    limits: z.object(limits).meta({ description: 'What it may use.' }),
    today: z
      .object({
        numbers: z.int().meta({ description: 'Numbers of the jobs that were made today (UTC).' }),
        numbers_left: z.int().nullable().meta({ description: 'Null: there is no limit.' }),
        costs: z
          .array(
            z.object({
              currency: z.string().meta({ description: 'ISO 4217.', examples: ['USD'] }),
              cost: amountSchema.meta({ description: 'What these jobs cost.' }),
              left: amountSchema.nullable().meta({ description: 'Null: there is no limit.' }),
            }),
          )
          .meta({ description: 'One entry for each currency of a job that was made today.' }),
        resets_in_s: z.int().meta({ description: 'Seconds until the UTC day is over.' }),
      })
      .meta({
        description: 'What is used and left of a day, together with the keys of its rotation.',
      }),
  })
  .meta({ id: 'OwnKey' });

export type Key = z.input<typeof keySchema>;
export type NewKey = z.input<typeof newKeySchema>;
export type OwnKey = z.input<typeof ownKeySchema>;
