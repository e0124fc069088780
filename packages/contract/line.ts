import { z } from 'zod';

/** A text of one line that people wrote: a name, a reason. Not empty, not blank, and not the dots that a printed command has in its place. */
export const line = (characters_max: number) =>
  z
    .string('write a text')
    .min(1, 'write a text that is not empty')
    .max(characters_max, `write at most ${characters_max} characters`)
    // Postgres stores no NUL, and a line break has no place in a name that logs and pages show.
    .regex(/^[^\p{Cc}]*$/u, 'write it without control characters')
    // Half of a surrogate pair cannot be stored as it came.
    .refine((text) => text.isWellFormed(), 'write it in whole characters')
    .regex(/[^\s.…]/, 'write a text that is not blank, nor the dots that stand for one');
