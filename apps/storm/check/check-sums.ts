import { auditSums, type Database } from '@rollcall/db';
import { patient } from '../ground/patient.ts';
import type { Violation } from './violation.ts';

/** Sums that triggers keep are what they sum, whoever died on the way. */
export async function checkSums(db: Database): Promise<Violation[]> {
  const different = await patient(() => auditSums(db));
  return different.map(({ keptIn, what, kept, counted }) => ({
    kind: 'sums',
    chunkId: null,
    count: 1,
    what: `${keptIn} has ${kept} for ${what}, and there are ${counted}`,
  }));
}
