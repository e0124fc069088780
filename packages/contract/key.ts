import { z } from 'zod';
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

const key = {
  id: keyIdSchema,
  name: z.string().meta({ description: 'Who the key is for.', examples: ['billing'] }),
  scopes: z.array(scopeSchema).meta({ description: 'What it may do.' }),
  created_at: time.meta({ description: 'When it was made.' }),
  expires_at: expiresAt,
  revoked_at: time.nullable().meta({ description: 'When it was revoked; null: it was not.' }),
  last_used_at: time.nullable().meta({ description: 'To the minute.' }),
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
  })
  .meta({ id: 'CreateKey' });

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

/** The key that asks. */
export const ownKeySchema = z
  .object({
    id: keyIdSchema,
    name: z.string().meta({ description: 'Who the key is for.', examples: ['billing'] }),
    scopes: z.array(scopeSchema).meta({ description: 'What it may do.' }),
    tenant: z.string().meta({ description: 'Whose jobs it sees.', examples: ['default'] }),
    expires_at: expiresAt,
  })
  .meta({ id: 'OwnKey' });

export type Key = z.input<typeof keySchema>;
export type NewKey = z.input<typeof newKeySchema>;
export type OwnKey = z.input<typeof ownKeySchema>;
