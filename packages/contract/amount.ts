import { z } from 'zod';

/** A decimal as text: a JSON number would round prices as small as 0.0004. */
export const amountSchema = z
  .string('write an amount as text, such as "12.50"')
  .regex(/^\d{1,11}(\.\d{1,9})?$/, 'write an amount as text, such as "12.50"')
  .meta({
    id: 'Amount',
    description: 'A decimal amount, as text so that nothing is rounded.',
    examples: ['12.5'],
  });
