import { z } from 'zod';

export const liveSchema = z
  .object({ status: z.literal('alive').meta({ description: 'The process answers.' }) })
  .meta({ id: 'Live' });

const part = z.object({
  ok: z.boolean().meta({ description: 'Whether it answers.' }),
  reason: z.string().optional().meta({ description: 'Why not.' }),
});

export const readySchema = z
  .object({
    status: z.enum(['ready', 'not_ready']).meta({ description: '`ready`: both answer.' }),
    postgres: part,
    queue: part.extend({
      backend: z.enum(['postgres', 'redis']).meta({ description: 'What the queue is kept in.' }),
    }),
  })
  .meta({ id: 'Ready' });

export type Ready = z.infer<typeof readySchema>;
