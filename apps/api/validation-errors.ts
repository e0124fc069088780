import type { Problem } from '@rollcall/contract';
import type { z } from 'zod';

type FieldErrors = NonNullable<Problem['errors']>;
type Place = FieldErrors[number]['in'];

/**
 * What zod found wrong in what was `sent`, without any value of the request: names of unknown fields are shown only where
 * they look like names.
 */
export function fieldErrors(
  issues: readonly z.core.$ZodIssue[],
  place: Place,
  sent: unknown,
): FieldErrors {
  return issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => fieldError(place, [...path, key], 'unknown field; remove it'));
    }
    return [fieldError(place, path, messageOf(issue, sent))];
  });
}

export function fieldError(place: Place, path: readonly string[], message: string) {
  return { in: place, pointer: path.map((step) => `/${shown(step)}`).join(''), message };
}

/** Zod's issues do not carry what was sent, so that nothing of it gets into an answer; whether anything was, decides the words. */
function messageOf(issue: z.core.$ZodIssue, sent: unknown): string {
  const isMissing = issue.code === 'invalid_type' && valueAt(sent, issue.path) === undefined;
  return isMissing ? 'is required' : issue.message;
}

function valueAt(sent: unknown, path: readonly PropertyKey[]): unknown {
  let value = sent;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step))
      return undefined;
    value = (value as Readonly<Record<PropertyKey, unknown>>)[step];
  }
  return value;
}

/** A name that a caller made up may be anything, a phone number too. */
function shown(step: string): string {
  return /^(?:[A-Za-z][A-Za-z_-]{0,39}|\d{1,6})$/.test(step) ? step : '(unreadable)';
}
