import type { Transaction } from '../database.ts';

/** Rows by the thousand, as arrays of columns in Postgres' own binary form. */

/**
 * Rows of one statement. So many that its own cost is spread, and so few that the server holds them in its `work_mem`.
 */
export const rowsAtOnce = 4_096;

/**
 * Runs one `INSERT … SELECT … FROM unnest(…)` for each batch of columns, in order; the next batch is made while the server stores the one before.
 *
 * Not COPY, which Postgres refuses into a table with row-level security to whoever a policy binds. Processor time of server and client for 200,000 rows, runs in turn on
 * one server (docs/decisions/0020-walls-between-tenants.md): numbers 0.85 s by COPY, 0.87 s by this, 1.09 s by COPY into a temporary table and from there; results
 * 1.29, 1.57 and 1.66 s; results with attributes 2.01, 1.96 and 2.14 s.
 */
export async function insertBatches(
  tx: Transaction,
  statement: { readonly name: string; readonly text: string },
  batches: AsyncIterable<readonly unknown[]> | Iterable<readonly unknown[]>,
): Promise<void> {
  let sent: Promise<unknown> = Promise.resolve();
  try {
    for await (const values of batches) {
      await sent;
      sent = tx.query({ ...statement, values: [...values] });
      // Whoever awaits it sees its failure; meanwhile it must not pass for one that nobody handles.
      sent.catch(() => undefined);
    }
  } finally {
    // The transaction's next statement comes after it, also where a batch could not be made.
    await sent;
  }
}

/** A one-dimensional array as `array_recv` reads it: dimensions, whether there are nulls, type of the elements, length, lower bound; then each with its length. */
function arrayOf(type: number, length: number, bytes: number, hasNulls: boolean): Buffer {
  const buffer = Buffer.allocUnsafe(20 + bytes);
  buffer.writeInt32BE(length === 0 ? 0 : 1, 0);
  buffer.writeInt32BE(hasNulls ? 1 : 0, 4);
  buffer.writeInt32BE(type, 8);
  buffer.writeInt32BE(length, 12);
  buffer.writeInt32BE(1, 16);
  // An empty one has no dimension to describe.
  return length === 0 ? buffer.subarray(0, 12) : buffer;
}

/** `pg_type.oid` of bigint and text. */
const int8 = 20;
const text = 25;

/** A `bigint[]` parameter; whole numbers below 2^53. */
export function int8Array(numbers: ArrayLike<number>): Buffer {
  const { length } = numbers;
  const buffer = arrayOf(int8, length, length * 12, false);
  for (let index = 0, at = 20; index < length; index += 1, at += 12) {
    const number = numbers[index] ?? 0;
    const high = Math.floor(number / 0x1_0000_0000);
    buffer.writeInt32BE(8, at);
    buffer.writeInt32BE(high, at + 4);
    buffer.writeUInt32BE(number - high * 0x1_0000_0000, at + 8);
  }
  return buffer;
}

/** A `text[]` parameter; the texts are storable (storable.ts). */
export function textArray(texts: readonly (string | null)[]): Buffer {
  let bytes = 0;
  for (const each of texts) bytes += 4 + (each === null ? 0 : Buffer.byteLength(each));
  const buffer = arrayOf(text, texts.length, bytes, texts.includes(null));
  let at = 20;
  for (const each of texts) {
    const written = each === null ? 0 : buffer.write(each, at + 4);
    buffer.writeInt32BE(each === null ? -1 : written, at);
    at += 4 + written;
  }
  return buffer;
}
