import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/**
 * Where libphonenumber takes every number for valid: first number, and how many there are from it on. Nobody is called: they go to the simulator alone. Several
 * numbering plans, since each has rules of its own.
 */
export const ranges: readonly { readonly first: number; readonly numbers: number }[] = [
  { first: 12_122_000_000, numbers: 8_000_000 },
  { first: 33_620_000_000, numbers: 10_000_000 },
  { first: 84_900_000_000, numbers: 10_000_000 },
  { first: 447_100_000_000, numbers: 100_000_000 },
  { first: 905_320_000_000, numbers: 10_000_000 },
  { first: 919_800_000_000, numbers: 100_000_000 },
  { first: 2_348_030_000_000, numbers: 10_000_000 },
  { first: 4_915_100_000_000, numbers: 100_000_000 },
  { first: 5_511_970_000_000, numbers: 30_000_000 },
  { first: 6_281_200_000_000, numbers: 100_000_000 },
  { first: 8_801_700_000_000, numbers: 100_000_000 },
];

/** Between two neighbours, so that a list is not one run of numbers. */
const gap = 3;

/** The number at a place of the sorted list of so many, from 0: every range has its even share. */
export function numberAt(place: number, count: number): number {
  const share = Math.ceil(count / ranges.length);
  const range = ranges[Math.floor(place / share)];
  if (range === undefined) throw new RangeError(`there is no place ${place} of ${count}`);
  const index = (place % share) * gap;
  if (index >= range.numbers) throw new RangeError(`${count} are more numbers than there are`);
  return range.first + index;
}

/** Far apart in the sorted list, and prime, so that steps of it meet every place once. */
const stride = 7_368_787;

/** Writes so many numbers into a file, a line each with a plus, in no order; the same ones each time. */
export async function writeNumbers(path: string, count: number): Promise<void> {
  if (count % stride === 0) throw new RangeError(`${stride} is the one count that is not offered`);
  const file = createWriteStream(path, { highWaterMark: 1 << 20 });
  const linesAtOnce = 20_000;
  for (let done = 0; done < count; done += linesAtOnce) {
    let text = '';
    for (let index = done; index < Math.min(count, done + linesAtOnce); index += 1)
      text += `+${numberAt((index * stride) % count, count)}\n`;
    if (!file.write(text)) await once(file, 'drain');
  }
  file.end();
  await finished(file);
}
