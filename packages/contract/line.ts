import { z } from 'zod';

/** A text of one line that people wrote: a name, a reason. Not empty, not blank. */
export const line = (characters_max: number) =>
  z
    .string('write a text')
    .min(1, 'write a text that is not empty')
    .max(characters_max, `write at most ${characters_max} characters`)
    // Postgres stores no NUL, and a line break has no place in a name that logs and pages show.
    .regex(/^[^\p{Cc}]*$/u, 'write it without control characters')
    .regex(/\S/, 'write a text that is not blank');
