/** Controls, and marks that turn the direction of a line around: what a terminal would obey instead of show. */
const obeyed = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const short: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/**
 * A text from outside as one line that shows what is in it. A rejected line of an upload may hold anything, escape sequences that
 * rewrite the screen included.
 */
export function plainText(text: string): string {
  return text.replaceAll(obeyed, (found) => short[found] ?? escaped(found));
}

/** Lines as they are, with what a terminal would obey written out; line breaks and tabs stay. */
export function plainLines(text: string): string {
  return text.replaceAll(obeyed, (found) => (short[found] ? found : escaped(found)));
}

/** JSON in which nothing commands a terminal; it is read as the same value. */
export function plainJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(obeyed, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** `12345` as `12,345`, the same in every locale. */
export function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** `3 uploads`, `1 upload`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Seconds as a person says them: `8 s`, `3 min`, `2 h 5 min`, `4 d 3 h`. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.round(whole / 60)} min`;
  const minutes = Math.round(whole / 60);
  if (minutes < 1_440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `1234567` bytes as `1.2 MB`. */
export function bytesText(bytes: number): string {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const) {
    if (bytes >= size) return `${(bytes / size).toFixed(1)} ${unit}`;
  }
  return `${bytes} B`;
}

/** `2024-08-01T09:30:00.000Z` as `2024-08-01 09:30:00Z`; `-` for none. */
export function timeText(time: string | null): string {
  return time === null ? '-' : time.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
}
