import type { FileHandle } from 'node:fs/promises';
import { type ChunkToRead, countMissingBefore, type Database } from '@rollcall/db';
import {
  type CheckOffer,
  decideParsed,
  type ParsedDecision,
  Reconciliation,
  verdicts,
} from '@rollcall/domain';
import { type ResultOutcome, readResult, specialCategoryColumns } from '@rollcall/results';

/** A result file that was read and compared with the numbers of its chunk. */
export interface ReadArtifact {
  readonly outcome: ResultOutcome;
  readonly reconciliation: Reconciliation;
}

/**
 * Reads a result file as the account's settings say that such files are, and joins its rows to `numbers`, those of the chunk. Through the
 * parser's port, which can be moved into a child process.
 */
export async function readArtifact(
  file: FileHandle,
  chunk: Pick<ChunkToRead, 'checkName'>,
  offer: CheckOffer,
  numbers: Float64Array,
): Promise<ReadArtifact> {
  const reconciliation = new Reconciliation(numbers);
  const batches = readResult(
    { fd: file.fd },
    {
      semantics: offer.semantics,
      check: chunk.checkName,
      taskType: offer.taskType,
      verdictColumns: offer.verdictColumns,
      verdictWords: offer.verdictWords,
      droppedColumns: specialCategoryColumns,
    },
  );
  for (;;) {
    const next = await batches.next();
    if (next.done) return { outcome: next.value, reconciliation };
    const { count, numbers: read, verdicts: codes, attributes } = next.value;
    for (let index = 0; index < count; index += 1) {
      const number = read[index] ?? Number.NaN;
      if (Number.isNaN(number)) continue;
      reconciliation.add(
        number,
        verdicts[codes[index] ?? 0] ?? 'undetermined',
        attributes?.[index] ?? null,
      );
    }
  }
}

/** Whether what was read is the answer to the chunk. */
export async function judgeArtifact(
  db: Database,
  chunk: ChunkToRead,
  offer: CheckOffer,
  { outcome, reconciliation }: ReadArtifact,
): Promise<ParsedDecision> {
  const { retryRoot } = chunk;
  const isRead = outcome.kind === 'read';
  return decideParsed({
    read: isRead ? { kind: 'read' } : { kind: 'unreadable', code: outcome.code },
    unreadableRows: isRead ? outcome.unreadableRows : 0,
    endsOpen: isRead && !outcome.lastRecordTerminated,
    counts: reconciliation.counts(),
    semantics: offer.semantics,
    semanticsConfirmed: chunk.semanticsConfirmed,
    numbers: chunk.numbers,
    missingBefore: retryRoot === null ? 0 : await countMissingBefore(db, { ...chunk, retryRoot }),
    total: chunk.total,
    filtered: chunk.filtered,
  });
}
