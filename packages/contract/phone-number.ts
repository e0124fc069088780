import { z } from 'zod';

const advice =
  'write a number as + and its digits, the country code first and nothing between them';

function numberAs(shape: RegExp, description: string, example: string, said = advice) {
  return z
    .string(said)
    .regex(shape, said)
    .meta({ examples: [example], description });
}

const e164 = /^\+[1-9]\d{6,14}$/;

/** A number that a request is about, by itself: nothing is guessed of it, so it is written whole. */
export const phoneNumberSchema = numberAs(e164, 'A number as +E.164.', '+447911123456');

/** One of several: one that is not written so refuses all. */
export const phoneNumberInListSchema = numberAs(
  e164,
  'A number as +E.164.',
  '+447911123456',
  `${advice}; none of the others was taken either`,
);

/** The same in a path, where the + may be left out: many clients turn it into a blank. */
export const phoneNumberInPathSchema = numberAs(
  /^[+ ]?[1-9]\d{6,14}$/,
  'A number as +E.164; the + may be left out.',
  '447911123456',
);
