import type { Problem } from '@rollcall/contract';
import type { z } from 'zod';

type FieldErrors = NonNullable<Problem['errors']>;
type Place = FieldErrors[number]['in'];

/** What zod found wrong, without any value of the request: names of unknown fields are shown only where they look like names. */
export function fieldErrors(issues: readonly z.core.$ZodIssue[], place: Place): FieldErrors {
  return issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => fieldError(place, [...path, key], 'unknown field; remove it'));
    }
    return [fieldError(place, path, messageOf(issue))];
  });
}

export function fieldError(place: Place, path: readonly string[], message: string) {
  return { in: place, pointer: path.map((step) => `/${shown(step)}`).join(''), message };
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'is required';
  return issue.message;
}

/** A name that a caller made up may be anything, a phone number too. */
function shown(step: string): string {
  return /^(?:[A-Za-z][A-Za-z_-]{0,39}|\d{1,6})$/.test(step) ? step : '(unreadable)';
}
