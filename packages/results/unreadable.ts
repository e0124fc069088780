import { displayName, UnreadableWorkbook } from '@rollcall/spreadsheets';
import type { ResultOutcome, UnreadableCode } from './result-outcome.ts';

/**
 * A refusal on its way up from a tokenizer. It is thrown only inside this package, because the place that notices is
 * called once per byte run and cannot return a union through three generators; `readResult` turns it into a value.
 */
export class Unreadable extends Error {
  readonly code: UnreadableCode;
  readonly row: number | null;
  member: string | null = null;

  constructor(code: UnreadableCode, message: string, row: number | null = null) {
    super(message);
    this.name = 'Unreadable';
    this.code = code;
    this.row = row;
  }

  outcome(): Extract<ResultOutcome, { kind: 'unreadable' }> {
    const member = this.member === null ? '' : `member ${this.member}: `;
    const row = this.row === null ? '' : ` (row ${this.row})`;
    const message = `${member}${this.message}${row}`;
    return { kind: 'unreadable', code: this.code, message, member: this.member, row: this.row };
  }
}

/** Runs a generator and names the member in every refusal that does not name one yet. */
export async function* inMember<Item, Result>(
  name: string,
  reading: AsyncGenerator<Item, Result>,
): AsyncGenerator<Item, Result> {
  try {
    return yield* reading;
  } catch (error) {
    const unreadable = asUnreadable(error);
    if (unreadable === null) throw error;
    unreadable.member ??= displayName(name);
    throw unreadable;
  }
}

/** The refusal that an error is, whether it comes from this package or from the reader of workbooks; else null. */
export function asUnreadable(error: unknown): Unreadable | null {
  if (error instanceof Unreadable) return error;
  if (!(error instanceof UnreadableWorkbook)) return null;
  const unreadable = new Unreadable(error.code, error.message, error.row);
  unreadable.member = error.member;
  return unreadable;
}
