import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type { Transaction } from '../database.ts';
import { storableText } from './storable.ts';

/**
 * Sends lines of COPY's text format. Measured on 2 cores: 434 to 686 thousand rows a second, against 250 thousand for
 * json_to_recordset and 32 thousand for multi-row VALUES.
 */
export async function copyText(
  tx: Transaction,
  target: string,
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<void> {
  await pipeline(lines, tx.query(copyFrom(`COPY ${target} FROM STDIN`)));
}

const escapes: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A text value for COPY. */
export function copyField(text: string): string {
  return storableText(text).replace(/[\\\n\r\t]/g, (character) => escapes[character] ?? character);
}
