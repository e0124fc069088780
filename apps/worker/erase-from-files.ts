import {
  type ErasureClaim,
  filesToLookThrough,
  type KeptFile,
  passFile,
  type Transaction,
} from '@rollcall/db';
import type { ErasureId } from '@rollcall/domain';
import { describeError } from '@rollcall/telemetry';
import type { Equipment } from './equipment.ts';
import { rewriteFile } from './rewrite-file.ts';
import { soughtNumbers } from './sought-numbers.ts';

const filesAtOnce = 20;

export interface FilesLookedThrough {
  /** Told to stop on the way. */
  readonly isStopped: boolean;
  /** Those that a file could not be written anew for. */
  readonly failed: ReadonlySet<ErasureId>;
}

/**
 * Goes once through all files of a tenant for some of its erasures together: a file is read once, however many numbers are looked for. One that
 * fails is tried for each number by itself, so that it holds up only those that it has to.
 */
export async function eraseFromFiles(
  equipment: Equipment,
  tenantId: number,
  erasures: readonly ErasureClaim[],
  keep: (tx: Transaction) => Promise<void>,
): Promise<FilesLookedThrough> {
  const { db, log, stopping } = equipment;
  const ids = erasures.map(({ id }) => id);
  const seek = soughtNumbers(erasures);
  const failed = new Set<ErasureId>();

  async function rewrite(file: KeptFile): Promise<'passed' | 'changed'> {
    const sought = seek(file.erasureIds, file.reading?.region ?? null);
    const rewritten = await rewriteFile(equipment, file, sought);
    if (rewritten === 'unreadable') {
      for (const erasure of file.erasureIds)
        log.warn('erasure.file_unreadable', { erasure, artifact: file.id });
    }
    return rewritten === 'changed' ? 'changed' : 'passed';
  }

  /** Each as it finds the file then: one that could be written anew for another has changed. */
  async function rewriteOneByOne(fileId: string, after: string): Promise<void> {
    for (const id of ids) {
      try {
        for (;;) {
          const [file] = await filesToLookThrough(db, tenantId, [id], after, 1);
          if (file?.id !== fileId || (await rewrite(file)) === 'passed') break;
        }
      } catch (error) {
        sayFailed(equipment, id, error, fileId);
        failed.add(id);
      }
    }
  }

  for (let after = ''; ; ) {
    const files = await filesToLookThrough(db, tenantId, ids, after, filesAtOnce);
    if (files.length === 0) return { isStopped: false, failed };
    for (const file of files) {
      if (stopping.aborted) return { isStopped: true, failed };
      try {
        // Another worker wrote it anew: it is looked through once more.
        if ((await rewrite(file)) === 'changed') break;
      } catch {
        await rewriteOneByOne(file.id, after);
      }
      after = file.id;
      // Whoever takes one up again begins before the first file that failed.
      const passed = ids.filter((id) => !failed.has(id));
      await db.transaction('sweep.pass_file', async (tx) => {
        await passFile(tx, passed, file.id);
        await keep(tx);
      });
    }
  }
}

export function sayFailed(
  { log }: Pick<Equipment, 'log'>,
  erasure: ErasureId | undefined,
  error: unknown,
  artifact?: string,
): void {
  log.error('erasure.failed', { erasure, artifact, ...describeError(error) });
}
