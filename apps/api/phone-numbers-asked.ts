import {
  addSuppressionsBodySchema,
  askErasureBodySchema,
  phoneNumberInPathSchema,
  removeSuppressionsBodySchema,
} from '@rollcall/contract';
import { parsePhoneNumber, type PhoneNumber } from '@rollcall/domain';
import { z } from 'zod';

// Numbers that a request names, read where it comes in: behind that no text takes one by accident.

/** What has the contract's shape is one. */
const read = (text: string): PhoneNumber => parsePhoneNumber(text) ?? z.NEVER;

const { description = '' } = phoneNumberInPathSchema;
export const phoneNumberInPath = z.object({
  number: phoneNumberInPathSchema.transform(read).describe(description),
});

export const addSuppressionsBody = addSuppressionsBodySchema.transform(({ numbers, ...said }) => ({
  ...said,
  numbers: numbers.map(read),
}));

export const removeSuppressionsBody = removeSuppressionsBodySchema.transform(
  ({ numbers, ...said }) => ({ ...said, numbers: numbers.map(read) }),
);

export const askErasureBody = askErasureBodySchema.transform(({ number, ...said }) => ({
  ...said,
  number: read(number),
}));
