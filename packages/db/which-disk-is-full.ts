import { sqlStateOf } from './database.ts';

/** No space left, a quota, or a limit on the size of a file: what a write is refused with. */
const fileErrors = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Which disk an error says is full: that of the temporary directory, that of Postgres (disk_full), or none. */
export function whichDiskIsFull(error: unknown): 'temporary_directory' | 'postgres' | null {
  if (sqlStateOf(error) === '53100') return 'postgres';
  if (!(error instanceof Error)) return null;
  if ('code' in error && typeof error.code === 'string' && fileErrors.has(error.code)) {
    return 'temporary_directory';
  }
  return whichDiskIsFull(error.cause);
}
