import { crashPoint } from '@rollcall/crash-points';
import type { ArtifactId, Reconciliation, ResultSemantics } from '@rollcall/domain';
import type { Transaction } from '../database.ts';
import type { ChunkToRead } from './claim-ingest.ts';
import { insertBatches, int8Array, rowsAtOnce, textArray } from './copy-rows.ts';
import { storableJson, storableText } from './storable.ts';

/** Sends a row a number, sorted, into a table with the columns of `store.results`; returns the names of all attributes, sorted. */
export async function copyResults(
  tx: Transaction,
  table: string,
  chunk: ChunkToRead,
  numbers: Float64Array,
  reconciliation: Reconciliation,
  semantics: ResultSemantics,
): Promise<readonly string[]> {
  const attributeNames = new Set<string>();
  const statement = {
    name: `insert ${table}`,
    text: `INSERT INTO ${table} (job_day, tenant_id, job_no, chunk_no, number, outcome, attributes)
           SELECT $1, $2, $3, $4, number, outcome, attributes::jsonb FROM unnest($5::bigint[], $6::text[], $7::text[]) AS r (number, outcome, attributes)`,
  };
  const batches = resultBatches(chunk, numbers, reconciliation, semantics, attributeNames);
  await insertBatches(tx, statement, batches);
  return [...attributeNames].map(storableText).sort();
}

/** Keeps the rows that are no answers to what was asked, for a person to look at; returns how many. */
export async function setRowsAside(
  tx: Transaction,
  chunk: ChunkToRead,
  artifactId: ArtifactId,
  reconciliation: Reconciliation,
): Promise<number> {
  const setAside = [...reconciliation.setAside()];
  if (setAside.length === 0) return 0;
  await tx.query(
    `INSERT INTO store.quarantined_rows (job_day, tenant_id, job_no, chunk_no, artifact_id, number, kind, verdicts)
     SELECT $1, $2, $3, $4, $5, number, kind, string_to_array(verdicts, ',')
       FROM unnest($6::bigint[], $7::text[], $8::text[]) AS r (number, kind, verdicts)
     ON CONFLICT DO NOTHING`,
    [
      chunk.jobDay,
      chunk.tenantId,
      chunk.jobNo,
      chunk.chunkNo,
      artifactId,
      setAside.map((row) => row.number),
      setAside.map((row) => row.kind),
      setAside.map((row) => row.verdicts.join(',')),
    ],
  );
  return setAside.length;
}

function* resultBatches(
  chunk: ChunkToRead,
  numbers: Float64Array,
  reconciliation: Reconciliation,
  semantics: ResultSemantics,
  attributeNames: Set<string>,
): Generator<readonly unknown[]> {
  const { jobDay, tenantId, jobNo, chunkNo } = chunk;
  for (let start = 0; start < numbers.length; start += rowsAtOnce) {
    const outcomes: string[] = [];
    const jsons: (string | null)[] = [];
    const batch = numbers.subarray(start, start + rowsAtOnce);
    for (let index = start; index < start + batch.length; index += 1) {
      const attributes = reconciliation.attributesAt(index);
      for (const name in attributes) attributeNames.add(name);
      outcomes.push(reconciliation.outcomeAt(index, semantics));
      jsons.push(attributes === null ? null : storableJson(attributes));
    }
    const columns = [int8Array(batch), textArray(outcomes), textArray(jsons)];
    yield [jobDay, tenantId, jobNo, chunkNo, ...columns];
    crashPoint('ingest:in_copy');
  }
}
