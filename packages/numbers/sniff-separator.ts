import { isNumberHeader } from './header-aliases.ts';
import { sampleRecords } from './sample-records.ts';

const candidates: readonly number[] = [...Buffer.from(',;\t|')];
// A notes column in which some rows hold one more comma is still a table.
const agreementMin = 0.8;
// Where the first record names the column of numbers, half is enough.
const agreementUnderHeaderMin = 0.5;

/**
 * The byte that cuts the records into the same number of cells, at least two, most consistently;
 * undefined when none does so for enough of them.
 */
export function sniffSeparator(head: Buffer, isWhole: boolean): number | undefined {
  let best: { separator: number; agreement: number; cells: number } | undefined;
  for (const separator of candidates) {
    if (!head.includes(separator)) continue;
    const records = sampleRecords(head, separator, isWhole);
    const { cells, agreement } = commonest(records.map((record) => record.length));
    const needed = records[0]?.some(isNumberHeader) ? agreementUnderHeaderMin : agreementMin;
    if (cells < 2 || agreement < needed) continue;
    const better =
      best === undefined ||
      agreement > best.agreement ||
      (agreement === best.agreement && cells > best.cells);
    if (better) best = { separator, agreement, cells };
  }
  return best?.separator;
}

function commonest(counts: readonly number[]): { cells: number; agreement: number } {
  const tally = new Map<number, number>();
  for (const count of counts) tally.set(count, (tally.get(count) ?? 0) + 1);
  let cells = 0;
  let times = 0;
  for (const [count, seen] of tally) if (seen > times) [cells, times] = [count, seen];
  return { cells, agreement: counts.length === 0 ? 0 : times / counts.length };
}
