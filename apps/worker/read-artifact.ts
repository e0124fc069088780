import { type ChunkToRead, countMissingBefore, type Database } from '@rollcall/db';
import {
  type CheckOffer,
  decideParsed,
  droppedColumns,
  type ParsedDecision,
  Reconciliation,
  verdicts,
} from '@rollcall/domain';
import type { ResultOutcome, ResultReader } from '@rollcall/results';

/** A result file that was read and compared with the numbers of its chunk. */
export interface ReadArtifact {
  /** What the process that read it took; zeros where the system does not tell. */
  readonly usage: { readonly peak_bytes: number; readonly processorTime_ms: number };
  readonly outcome: ResultOutcome;
  readonly reconciliation: Reconciliation;
}

/**
 * Reads a result file as the account's settings say that such files are, and joins its rows to `numbers`, those of the chunk. The file is a
 * stranger's: it is opened in a process of its own, and what comes from there are numbers and words.
 */
export async function readArtifact(
  reader: ResultReader,
  chunk: Pick<ChunkToRead, 'checkName'>,
  offer: CheckOffer,
  numbers: Float64Array,
  isErased: ((number: number) => boolean) | null,
): Promise<ReadArtifact> {
  const reconciliation = new Reconciliation(numbers, isErased);
  const batches = reader.read({
    semantics: offer.semantics,
    check: chunk.checkName,
    taskType: offer.taskType,
    verdictColumns: offer.verdictColumns,
    verdictWords: offer.verdictWords,
    droppedColumns: droppedColumns(offer.specialCategories ?? []),
  });
  for (;;) {
    const next = await batches.next();
    if (next.done) return { ...next.value, reconciliation };
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

/** What reading took, for the log. */
export function usageCounts({ usage }: ReadArtifact): Readonly<Record<string, number>> {
  return {
    reader_memory_mib: Math.ceil(usage.peak_bytes / 1_048_576),
    reader_processor_ms: usage.processorTime_ms,
  };
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
  const unreadableRows = isRead ? outcome.unreadableRows : 0;
  const zeroedRows = isRead ? (outcome.zeroedRows ?? 0) : 0;
  const counts = reconciliation.counts();
  // Where the file was written anew, zeros stand for what was erased of this chunk; any other row that cannot be read stays one.
  const blanked = Math.min(zeroedRows, Math.max(0, chunk.erased - (counts.erased ?? 0)));
  return decideParsed({
    read: isRead ? { kind: 'read' } : { kind: 'unreadable', code: outcome.code },
    unreadableRows: unreadableRows - blanked,
    endsOpen: isRead && !outcome.lastRecordTerminated,
    counts: blanked === 0 ? counts : { ...counts, erased: (counts.erased ?? 0) + blanked },
    semantics: offer.semantics,
    semanticsConfirmed: chunk.semanticsConfirmed,
    numbers: chunk.numbers,
    missingBefore: retryRoot === null ? 0 : await countMissingBefore(db, { ...chunk, retryRoot }),
    total: chunk.total,
    filtered: chunk.filtered,
  });
}
