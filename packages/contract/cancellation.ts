import { z } from 'zod';
import { amountSchema } from './amount.ts';
import { jobSchema } from './job.ts';

const count = z.int().min(0);

const cancellationSchema = z
  .object({
    chunks_cancelled: count.meta({ description: 'Uploads that will not be made.' }),
    numbers_cancelled: count.meta({ description: 'Numbers that were not sent.' }),
    numbers_in_flight: count.meta({
      description: 'Numbers that were sent: their answers still come in, or wait for a person.',
    }),
    numbers_answered: count.meta({ description: 'Numbers that have their result; it stays.' }),
    money: z
      .object({
        currency: z.string().meta({
          description: 'Currency of the amounts (ISO 4217).',
          examples: ['USD'],
        }),
        paid: amountSchema.meta({ description: 'Uploads that the provider accepted.' }),
        may_still_be_charged: amountSchema.meta({
          description: 'Uploads whose outcome is not known, held ones included.',
        }),
        released: amountSchema.nullable().meta({
          description:
            'What the numbers that were not sent would have cost at the configured price; null: no price is configured any more.',
        }),
        at_risk: amountSchema.meta({
          description:
            'Unknown uploads that a person gave up: they may have been charged, and nobody will find out. What is not decided yet is no part of it.',
        }),
        written_off: amountSchema.meta({
          description:
            'Uploads that a person paid for again and that the provider charged or may have charged: lost, unless it gives the money back. No part of `paid`.',
        }),
      })
      .meta({ id: 'CancellationMoney' }),
  })
  .meta({
    id: 'Cancellation',
    description:
      'What cancelling ended and what it could not end. accepted = numbers_cancelled + numbers_in_flight + numbers_answered.',
  });

/** A job that was cancelled, with what had been sent by then. */
export const cancelledJobSchema = z
  .object({ job: jobSchema, cancellation: cancellationSchema })
  .meta({ id: 'CancelledJob' });

export type CancelledJob = z.input<typeof cancelledJobSchema>;
