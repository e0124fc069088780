import type { CellKind } from './row-consumer.ts';

/** In thousandths of a second. */
const day_ms = 86_400_000;
/** Day 0 of each of the two epochs; 1900's is so that its days from 1 March 1900 on are right, as Excel counts them. */
const epoch1900_ms = Date.UTC(1899, 11, 30);
const epoch1904_ms = Date.UTC(1904, 0, 1);
/** 31 December 9999. */
const lastDay = 2_958_465;

/**
 * A double written with fewer digits than this in scientific form may be a rounded display that somebody stored
 * (4.47911E+11); Java's writers put 4.479111234E11 for 447911123400.
 */
const trustedSignificantDigits = 7;
/** What a double holds exactly. */
const exactDigits = 15;

/**
 * A cell's text: text with its `_xHHHH_` decoded (ECMA-376 part 1 §22.9.2.19), a whole number of at most 15 digits in
 * all of them, a date as 2026-11-21 or 2026-11-21 13:45:00; a fraction in as few digits as tell its double from all others
 * (0.1 where the file has 0.10000000000000001); any other number as the file has it.
 */
export function cellText(
  bytes: Buffer,
  start: number,
  end: number,
  kind: CellKind,
  isDate1904: boolean,
): string {
  const text = bytes.toString('utf8', start, end);
  if (kind === 'number') return wholeNumberText(text.trim()) ?? fractionText(text);
  if (kind === 'date') return dateText(text.trim(), isDate1904);
  return text.includes('_x') ? decodeEscapes(text) : text;
}

/**
 * All digits of a whole number of at most 15, from any form that a double is written in; null for every other number,
 * and where digits may be lost.
 */
export function wholeNumberText(text: string): string | null {
  const parts = /^(\d)(?:\.(\d+))?[eE]\+?(\d{1,2})$/.exec(text);
  if (parts === null) return /^(\d{1,15})(?:\.0*)?$/.exec(text)?.[1] ?? null;
  const [, first = '', fraction = '', power = ''] = parts;
  const exponent = Number(power);
  const given = `${first}${fraction.slice(0, exponent)}`;
  const hasRest = /[1-9]/.test(fraction.slice(exponent));
  if (hasRest || exponent + 1 > exactDigits) return null;
  if (given.length < trustedSignificantDigits && given.length < exponent + 1) return null;
  return given.padEnd(exponent + 1, '0');
}

function fractionText(text: string): string {
  const value = Number(text);
  // What is whole and was not taken for it may have lost digits: those that are there say so.
  return Number.isInteger(value) || !Number.isFinite(value) ? text : String(value);
}

function dateText(text: string, isDate1904: boolean): string {
  const days = Number(text);
  if (text === '' || !Number.isFinite(days) || days < 0 || days > lastDay) return text;
  const epoch_ms = isDate1904 ? epoch1904_ms : epoch1900_ms;
  const seconds_ms = Math.round((days * day_ms) / 1000) * 1000;
  const [date = '', time = ''] = new Date(epoch_ms + seconds_ms).toISOString().split('T');
  const clock = time.slice(0, 8);
  if (days < 1) return clock;
  return clock === '00:00:00' ? date : `${date} ${clock}`;
}

function decodeEscapes(text: string): string {
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}
