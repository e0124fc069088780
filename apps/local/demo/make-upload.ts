import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import {
  type BodyForm,
  type JobOptions,
  type JobRequest,
  jobRequest,
  traitsOf,
} from './body-forms.ts';
import { dirtyCells } from './dirty-lines.ts';
import type { Random } from './seeded-random.ts';

export interface DemoUpload {
  readonly request: JobRequest;
  /** What a right reading of it finds. */
  readonly expected: {
    readonly lines: number;
    /** Digits without `+`, ascending by value. */
    readonly numbers: readonly string[];
    readonly duplicates: number;
    readonly rejected: number;
    readonly rejectsByReason: Readonly<Record<string, number>>;
  };
}

/** One number in about so many is written a second time, differently. */
const duplicateOneIn = 40;
/** Lines of each reject reason: one for about so many numbers. */
const numbersPerDirtyLine = 800;

/** An upload as people send them: numbers written in many ways, repeated, and mixed with lines that hold none. */
export function makeUpload(
  form: BodyForm,
  options: JobOptions,
  numbers: readonly string[],
  random: Random,
): DemoUpload {
  const { hasCells, defaultRegion } = traitsOf(form);
  const perReason = Math.ceil(numbers.length / numbersPerDirtyLine);
  const dirty = dirtyCells(perReason, { hasCells, hasRegion: defaultRegion !== null }, random);
  const repeated = numbers.filter(() => random.once(duplicateOneIn));
  const cells = [...numbers, ...repeated].map((digits) => written(digits, defaultRegion, random));
  for (const { cell } of dirty) cells.push(cell);
  shuffle(cells, random);
  const regionOption: JobOptions = defaultRegion === null ? {} : { default_region: defaultRegion };
  return {
    request: jobRequest(form, { ...options, ...regionOption }, cells),
    expected: {
      lines: cells.length,
      numbers: numbers.toSorted((left, right) => Number(left) - Number(right)),
      duplicates: repeated.length,
      rejected: dirty.length,
      rejectsByReason: Object.fromEntries(
        [...Map.groupBy(dirty, ({ reason }) => reason)].map(([reason, all]) => [
          reason,
          all.length,
        ]),
      ),
    },
  };
}

/** A number as somebody may have typed it. */
function written(digits: string, defaultRegion: string | null, random: Random): string {
  const style = random.below(20);
  if (style < 2) return parsed(digits).formatInternational();
  if (style === 2) return parsed(digits).getURI();
  if (defaultRegion !== null) {
    // Without + digits are dialled digits there, so only numbers of the region itself are written so.
    const home = style < 12 && digits.startsWith('44') ? parsed(digits) : null;
    return home?.country === defaultRegion ? home.formatNational() : `+${digits}`;
  }
  if (style === 3) return `00${digits}`;
  return style < 6 ? digits : `+${digits}`;
}

function parsed(digits: string) {
  const number = parsePhoneNumberFromString(`+${digits}`);
  if (!number) throw new Error('a number that was valid a moment ago cannot be read');
  return number;
}

function shuffle(cells: string[], random: Random): void {
  for (let last = cells.length - 1; last > 0; last -= 1) {
    const other = random.below(last + 1);
    [cells[last], cells[other]] = [cells[other] ?? '', cells[last] ?? ''];
  }
}
