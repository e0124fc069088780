import { type ChunkFacts, type ExportedRow, readChunkFacts } from '@rollcall/db';
import { shortAmount } from '../job-view.ts';
import type { ExportSource } from './export-source.ts';

/** What the numbers of a chunk share, as the contract shows it. */
interface ChunkAnswer {
  readonly answeredBy: string;
  readonly account: string;
  readonly source: ChunkFacts['source'];
  readonly cost: string;
  readonly checkedAt: string;
}

/** The chunks that an export has met so far: some 200 bytes for each of at most a few thousand. */
export class ChunkAnswers {
  readonly #source: ExportSource;
  readonly #known = new Map<string, ChunkAnswer>();

  constructor(source: ExportSource) {
    this.#source = source;
  }

  /** Looks up what of these rows' chunks is not known yet. */
  async learn(rows: readonly ExportedRow[]): Promise<void> {
    const unknown = new Map<string, ExportedRow>();
    let last: ExportedRow | undefined;
    for (const row of rows) {
      // Rows in order of number come chunk after chunk.
      if (row.chunkNo === last?.chunkNo && row.jobNo === last.jobNo) continue;
      last = row;
      if (!this.#known.has(keyOf(row))) unknown.set(keyOf(row), row);
    }
    if (unknown.size === 0) return;
    const { database, job } = this.#source;
    for (const facts of await readChunkFacts(database, job.tenantId, [...unknown.values()])) {
      this.#known.set(keyOf(facts), {
        answeredBy: facts.answeredBy,
        account: facts.account,
        source: facts.source,
        cost: shortAmount(facts.cost),
        checkedAt: facts.checkedAt.toISOString(),
      });
    }
  }

  of(row: ExportedRow): ChunkAnswer {
    const answer = this.#known.get(keyOf(row));
    if (!answer) throw new Error(`chunk ${row.chunkNo} has rows and is not closed`);
    // It was never sent, whatever became of its chunk.
    return row.outcome === 'suppressed' ? { ...answer, source: 'rollcall', cost: '0' } : answer;
  }
}

function keyOf({ jobNo, chunkNo }: { readonly jobNo: number; readonly chunkNo: number }): string {
  return `${jobNo} ${chunkNo}`;
}
