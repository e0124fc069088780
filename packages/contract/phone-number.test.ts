import { expect, test } from 'vitest';
import { addSuppressionsBodySchema } from './suppression.ts';

const said = { reason: 'a test', requested_by: 'ana' };

test.each(['+44 7911 123 491', '07911123491', '+447911123491 ', 'abc'])(
  'one number that is not written as it has to be refuses all, and the message says both: %s',
  (wrong) => {
    const read = addSuppressionsBodySchema.safeParse({
      numbers: ['+447911123456', wrong, '+447911123457'],
      ...said,
    });
    expect(read.error?.issues).toMatchObject([
      {
        path: ['numbers', 1],
        message:
          'write a number as + and its digits, the country code first and nothing between them; none of the others was taken either',
      },
    ]);
  },
);
