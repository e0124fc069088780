import { z } from 'zod';

export const liveSchema = z.object({ status: z.literal('alive') }).meta({ id: 'Live' });

const part = z.object({ ok: z.boolean(), reason: z.string().optional() });

export const readySchema = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    postgres: part,
    queue: part.extend({ backend: z.enum(['postgres', 'redis']) }),
  })
  .meta({ id: 'Ready' });

export type Ready = z.infer<typeof readySchema>;
