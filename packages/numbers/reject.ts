import type { RejectReason } from './reject-reason.ts';

/** A line that gave no number. */
export interface Reject {
  /** 1-based, counting non-blank records, header excluded. */
  readonly line: number;
  readonly reason: RejectReason;
  /** The number cell as the caller wrote it, at most 200 characters; a cut ends in `…`. Personal data. */
  readonly raw: string;
}

const rawCharactersMax = 200;

/**
 * Text fit to be kept in Postgres: cut, well-formed, and with NUL shown as `␀`, since a Postgres
 * text cannot hold it and would fail the COPY of the whole job.
 */
export function keepRawText(text: string): string {
  const cut =
    text.length <= rawCharactersMax ? text : `${withoutHalfPair(text, rawCharactersMax - 1)}…`;
  return cut.replaceAll('\0', '\u2400').toWellFormed();
}

function withoutHalfPair(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}
