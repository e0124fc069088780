import { z } from 'zod';
import { cursorSchema, limitSchema, pageOf } from './page.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const auditRowSchema = z
  .object({
    chain: z.int().min(0).meta({ description: 'Number of the chain: of your tenant.' }),
    number: z
      .int()
      .min(1)
      .meta({ description: 'Place in the chain, from 1 without gaps.', examples: [523] }),
    at: z.string().meta({
      description: 'When, by the database’s clock: UTC with microseconds.',
      examples: ['2026-11-22T09:31:00.123456Z'],
    }),
    actor: z.string().meta({
      description: 'The key that did it, by id and name; `address …` without one; or `system`.',
    }),
    action: z.string().meta({
      description: 'What was done; docs/audit-trail.md lists the words.',
      examples: ['results.exported'],
    }),
    subject: z.string().nullable().meta({ description: 'Id of what it was done to.' }),
    purpose: z.string().nullable().meta({ description: 'Why, in the words of who asked.' }),
    counts: z
      .record(z.string(), z.int())
      .meta({ description: 'How many of what.', examples: [{ rows: 1200 }] }),
    detail: z
      .record(z.string(), z.string())
      .meta({ description: 'What else the action tells.', examples: [{ format: 'csv' }] }),
    prev_hash: hash.meta({ description: 'SHA-256 of the row before; 64 zeros in front of all.' }),
    hash: hash.meta({ description: 'SHA-256 of this row; docs/audit-trail.md says over what.' }),
  })
  .meta({ id: 'AuditRow' });
export type AuditRow = z.input<typeof auditRowSchema>;

export const auditPageSchema = pageOf(auditRowSchema).meta({ id: 'AuditPage' });

const time = z.iso.datetime({ offset: true, message: 'write a time as 2026-11-22T09:31:00Z' });

export const auditQuerySchema = z.strictObject({
  cursor: cursorSchema,
  limit: limitSchema({ byDefault: 100, max: 1_000 }),
  action: z
    .string()
    .max(60)
    .regex(/^[a-z_]+\.[a-z_]+$/, 'write an action as results.read')
    .optional()
    .meta({ description: 'Rows of this action alone.' }),
  key: z
    .string()
    .regex(/^key_[0-9a-f-]{36}$/, 'write the id of a key')
    .optional()
    .meta({ description: 'Rows of what this key did.' }),
  subject: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'Rows about this id: a job, a chunk, a key, an account.' }),
  from: time.optional().meta({ description: 'Rows from this time on.' }),
  to: time.optional().meta({ description: 'Rows before this time.' }),
});
