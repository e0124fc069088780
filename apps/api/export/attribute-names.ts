import { readAttributeNames, readRetries } from '@rollcall/db';
import type { ExportSource } from './export-source.ts';

/** Few enough that Postgres keeps a step in its work memory, many enough that 10 M rows are 500 steps. */
const stepRows = 20_000;

/** Every attribute name that a row of the job has, sorted: a walk over all of them, since a header comes before the rows. */
export async function attributeNames({
  database,
  job,
  latest,
  signal,
}: ExportSource): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const each of [job, ...(latest ? await readRetries(database, job) : [])]) {
    let after: number | null = 0;
    while (after !== null) {
      signal.throwIfAborted();
      const step = await readAttributeNames(database, each, { after, limit: stepRows });
      for (const name of step.names) names.add(name);
      after = step.last;
    }
  }
  return [...names].sort();
}
