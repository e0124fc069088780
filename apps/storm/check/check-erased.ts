import type { Database } from '@rollcall/db';
import type { Objection } from '../faults/object.ts';
import { patient } from '../ground/patient.ts';
import { findNumbers } from './find-numbers.ts';
import type { Violation } from './violation.ts';

/** How many erasures are not done, files that are to be written anew for one among them. */
export async function openErasures(db: Database): Promise<number> {
  const { rows } = await patient(() =>
    db.query<{ open: number }>(
      `SELECT (SELECT count(*) FROM store.erasures WHERE done_at IS NULL) + (SELECT count(*) FROM store.erased_files WHERE done_at IS NULL) AS open`,
    ),
  );
  return rows[0]?.open ?? 0;
}

/** P15: what was erased is nowhere. */
export async function checkErased(
  db: Database,
  objections: readonly Objection[],
): Promise<Violation[]> {
  const open = await openErasures(db);
  if (open > 0) {
    const what = `${open} erasures, or files of them, are not done`;
    return [{ kind: 'stuck', chunkId: null, count: open, what }];
  }
  const erased = objections.filter(({ kind }) => kind === 'erase').map(({ number }) => number);
  const places = await patient(() => findNumbers(db, erased));
  if (places.length === 0) return [];
  const what = `of ${erased.length} erased numbers some stand in ${places.join(', ')}`;
  return [{ kind: 'not_erased', chunkId: null, count: places.length, what }];
}
