import { wholeNumberText } from './cell-text.ts';

/** What a cell's format makes of its number, as far as its text would be another one without it. */
export type NumberFormat =
  | { readonly kind: 'number' | 'date' }
  /** Zeros alone, as for postal codes: all of a whole number's places are shown. */
  | { readonly kind: 'places'; readonly places: number }
  /** Time that is counted beyond a day, as in sheets of hours. */
  | Duration;

interface Duration {
  readonly kind: 'duration';
  /** Of its first part: how often that fits into a day. */
  readonly perDay: number;
  /** Digits that its first part has at least. */
  readonly places: number;
  /** Parts of 60 that follow: minutes, seconds. */
  readonly parts: number;
}

export const plainNumber: NumberFormat = { kind: 'number' };
const date: NumberFormat = { kind: 'date' };
/** Nobody's code is longer, and a hostile one must not make long cells out of short ones. */
const placesMax = 32;
/** 31 December 9999. */
const daysMax = 2_958_466;
const secondsPerDay = 86_400;

/** ECMA-376 part 1 §18.8.30: 14 to 22 and 45 to 47; 27 to 36 and 50 to 58 in East Asian languages. */
export function builtInFormat(id: number): NumberFormat {
  if (id === 46) return { kind: 'duration', perDay: 24, places: 1, parts: 2 };
  const isDate =
    (id >= 14 && id <= 22) ||
    (id >= 27 && id <= 36) ||
    (id >= 45 && id <= 47) ||
    (id >= 50 && id <= 58);
  return isDate ? date : plainNumber;
}

/** By a format code (§18.8.31): a date where it asks for a part of one outside quotes, escapes and brackets. */
export function customFormat(code: string): NumberFormat {
  const bare = code.replace(/"[^"]*"?|\\.|_.|\*./g, '');
  const [shown = ''] = bare.replace(/\[(?!(?:h+|m+|s+)\])[^\]]*\]?/gi, '').split(';');
  if (/^0+$/.test(shown)) return placesOf(shown.length);
  const duration = durationOf(shown);
  if (duration !== null) return duration;
  return /[ymdhs]/i.test(shown.replace(/general/i, '')) ? date : plainNumber;
}

/** The text that a number is shown as; null where its format says no more than whether it is a date. */
export function shownText(format: NumberFormat, text: string): string | null {
  if (format.kind === 'places') {
    const whole = wholeNumberText(text);
    return whole === null ? null : whole.padStart(format.places, '0');
  }
  return format.kind === 'duration' ? durationText(format, text) : null;
}

function placesOf(places: number): NumberFormat {
  return places === 1 || places > placesMax ? plainNumber : { kind: 'places', places };
}

/** `[h]:mm`, `[h]:mm:ss` and `[m]:ss`. */
function durationOf(shown: string): Duration | null {
  const hours = /^\[(h+)\]:mm?(:ss?(?:\.0+)?)?$/i.exec(shown);
  const [, first] = hours ?? /^\[(m+)\]:ss?(?:\.0+)?$/i.exec(shown) ?? [];
  if (first === undefined) return null;
  const places = Math.min(first.length, placesMax);
  const parts = hours?.[2] === undefined ? 1 : 2;
  return { kind: 'duration', perDay: hours ? 24 : 1_440, places, parts };
}

function durationText({ perDay, places, parts }: Duration, text: string): string | null {
  const days = Number(text);
  if (text.trim() === '' || !(days >= 0 && days <= daysMax)) return null;
  const shown: string[] = [];
  let rest_s = Math.round(days * secondsPerDay);
  for (let at = 0, unit_s = secondsPerDay / perDay; at <= parts; at += 1, unit_s /= 60) {
    shown.push(String(Math.floor(rest_s / unit_s)).padStart(at === 0 ? places : 2, '0'));
    rest_s %= unit_s;
  }
  return shown.join(':');
}
