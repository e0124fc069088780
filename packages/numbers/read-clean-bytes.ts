import { DigitTable, verdict } from './digit-table.ts';
import { internationalRules } from './international-rules.ts';
import { nationalRules } from './national-rules.ts';
import { planOfRegion } from './numbering-plan.ts';

const plus = 0x2b;
const digitZero = 0x30;
const space = 0x20;
const tab = 0x09;
const dot = 0x2e;
const punctuation = new Uint8Array(256);
for (const byte of Buffer.from(' -()/.')) punctuation[byte] = 1;

/** What a reader of clean bytes answers when only the text path can tell. */
export const notClean = -1;

export type CleanBytesReader = (bytes: Uint8Array, start: number, end: number) => number;

type Table = Pick<DigitTable<never>, 'transitions' | 'verdicts' | 'explore'>;

// Tables are worth keeping from one upload to the next; those of regions only as long as they are few.
const international: Table = new DigitTable(internationalRules());
const nationalTables = new Map<string, Table>();
const nationalTablesMax = 8;

function nationalTable(region: string): Table {
  const table = nationalTables.get(region) ?? new DigitTable(nationalRules(region));
  nationalTables.delete(region);
  nationalTables.set(region, table);
  const [oldest] = nationalTables.keys();
  if (nationalTables.size > nationalTablesMax && oldest !== undefined)
    nationalTables.delete(oldest);
  return table;
}

const powersOfTen = Float64Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

/**
 * Compiles the hot path: a number out of bytes, without a string. It takes an optional `+` and digits
 * with ordinary punctuation, and answers {@link notClean} for everything else and for whatever its tables
 * leave open; it never gives a number that the text path (compile-normaliser.ts) would not give.
 *
 * Measured alone, on lines of 12 to 14 bytes: 5 M numbers/s, where the text path reads 0.6 M.
 */
export function compileCleanBytesReader(region: string | undefined): CleanBytesReader {
  const bare = region === undefined ? international : nationalTable(region);
  const callingCode = region === undefined ? 0 : Number(planOfRegion(region).callingCode);

  return (bytes, start, end) => {
    let at = start;
    while (at < end && (bytes[at] === space || bytes[at] === tab)) at += 1;
    let from = at;
    let table = bare;
    if (bytes[at] === plus) {
      table = international;
      at += 1;
      from = at;
    } else if (!isDigit(bytes[at])) return notClean;
    let { transitions } = table;
    let state: number = DigitTable.start;
    let number = 0;
    let count = 0;
    for (; at < end; at += 1) {
      const byte = bytes[at] ?? 0;
      const digit = byte - digitZero;
      if (digit >= 0 && digit <= 9) {
        let next = transitions[state * 10 + digit] ?? 0;
        if (next < 0) {
          next = table.explore(state, digit);
          ({ transitions } = table);
        }
        if (next === DigitTable.dead) return notClean;
        state = next;
        number = number * 10 + digit;
        count += 1;
      } else if (punctuation[byte] === 0 || (byte === dot && isDecimalZero(bytes, at, end))) break;
    }
    while (at < end && (bytes[at] === space || bytes[at] === tab)) at += 1;
    if (at < end) return notClean;
    switch (table.verdicts[state]) {
      case verdict.asTheyStand:
        return number;
      case verdict.afterCallingCode:
        return callingCode * (powersOfTen[count] ?? 0) + number;
      case verdict.afterFirstDigit: {
        const power = powersOfTen[count - 1] ?? 0;
        const first = (bytes[from] ?? 0) - digitZero;
        return (callingCode - first) * power + number;
      }
      default:
        return notClean;
    }
  };
}

/** Whether only zeros follow a dot: a spreadsheet's, and perhaps no digits of the number. */
function isDecimalZero(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from + 1;
  while (at < end && bytes[at] === digitZero) at += 1;
  return at === end || (bytes[at] ?? 0) <= space;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= digitZero && byte <= digitZero + 9;
}
