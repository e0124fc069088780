import { RecordScanner } from './record-scanner.ts';

export const sampleRecordsMax = 200;

/** The first non-blank records, as text. A record that the sample cuts is left out, unless it is the only one. */
export function sampleRecords(head: Buffer, separator: number, isWhole: boolean): string[][] {
  const scanner = new RecordScanner(separator);
  const records: string[][] = [];
  let start = 0;
  while (start < head.length && records.length < sampleRecordsMax) {
    let next = scanner.scan(head, start, isWhole);
    if (next < 0 && records.length === 0) next = scanner.scan(head, start, true);
    // Broken quotes are the reader's to refuse; the sample ends before them.
    if (next < 0) break;
    if (!scanner.isBlank(head)) {
      records.push(
        Array.from({ length: scanner.cellCount }, (_, cell) => scanner.text(head, cell).trim()),
      );
    }
    start = next;
  }
  return records;
}
