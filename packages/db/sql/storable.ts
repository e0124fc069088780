import { type Money, parseMoney } from '@rollcall/domain';

/** Text and amounts between outside, where anything may stand in them, and columns that refuse some of it. */

/** Text as Postgres can store it: without NUL and lone surrogates, which become the replacement character. */
export function storableText(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}

const unstorableEscapes = /\\u(?:0000|d[89a-f])/;

/** JSON for a jsonb column, whose strings are held to the same. */
export function storableJson(value: unknown): string {
  const json = JSON.stringify(value);
  // Nearly always there is nothing to replace, and then walking a million rows of attributes would cost seconds.
  if (!unstorableEscapes.test(json)) return json;
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'string') return storableText(inner);
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(
      Object.entries(inner).map(([name, each]) => [storableText(name), each]),
    );
  });
}

/** An amount out of a numeric column. One that cannot be read must not pass for 0: ceilings are held against it. */
export function storedMoney(numeric: string): Money {
  const money = parseMoney(numeric);
  if (money === null)
    throw new RangeError(`a stored amount of ${numeric.length} digits is out of range`);
  return money;
}
