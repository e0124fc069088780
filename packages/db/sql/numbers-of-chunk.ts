import type { Queryable } from '../database.ts';

/**
 * The numbers of a chunk that are sent, or were, ascending: E.164 digits. At most 1,000,000, so 8 MB. Those that are suppressed are left out;
 * `numbers` is how many there are without them.
 */
export async function numbersOfChunk(
  db: Queryable,
  jobNo: number,
  jobDay: string,
  range: { first: number; last: number },
  numbers: number,
): Promise<Float64Array> {
  // Nearly always none: looked up for each number, that would cost more than the numbers.
  const marked = await db.query<[number]>({
    text: 'SELECT number FROM store.suppressed_numbers WHERE job_no = $1 AND job_day = $2 AND number BETWEEN $3 AND $4',
    values: [jobNo, jobDay, range.first, range.last],
    rowMode: 'array',
  });
  const suppressed = new Set(marked.rows.map(([number]) => number));
  const found = new Float64Array(numbers);
  let filled = 0;
  let after = range.first - 1;
  const page = 50_000;
  while (filled < numbers) {
    // Rows as arrays: at 50,000 a page the objects would be most of the time.
    const { rows } = await db.query<[number]>({
      text: `SELECT number FROM store.job_numbers WHERE job_no = $1 AND job_day = $2 AND number > $3 AND number <= $4 ORDER BY number LIMIT $5`,
      values: [jobNo, jobDay, after, range.last, page],
      rowMode: 'array',
    });
    for (const [number] of rows) {
      after = number;
      if (suppressed.has(number)) continue;
      if (filled >= numbers) throw new Error('a chunk holds more numbers than it was planned with');
      found[filled] = number;
      filled += 1;
    }
    if (rows.length < page) break;
  }
  if (filled !== numbers) throw new Error(`a chunk of ${numbers} numbers holds ${filled}`);
  return found;
}
