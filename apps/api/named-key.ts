import type { ApiKey } from '@rollcall/db';

/** The approvals' column takes 200 characters, of which the id needs 43. */
const nameLength_max = 150;

/** Who did something, as it is kept: `key_… (name)`. */
export function namedKey({ id, name }: ApiKey): string {
  return `${id} (${name.slice(0, nameLength_max).toWellFormed()})`;
}
