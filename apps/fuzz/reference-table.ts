/**
 * A table read a second time, slowly and in another way than packages/results does, so that an error is not mirrored by its own test: RFC 4180 with LF, CRLF or
 * CR. Null where quotes are not as it says; then nothing is compared.
 */
export function referenceRecords(text: string, separator: string): string[][] | null {
  const records: string[][] = [];
  let record: string[] = [];
  let rest = text;
  while (rest !== '') {
    let cell: string;
    if (rest.startsWith('"')) {
      const quoted =
        /^"((?:[^"]|"")*)"(?=[\r\n]|$)/.exec(rest) ?? ofSeparator(separator).exec(rest);
      if (quoted === null) return null;
      cell = (quoted[1] ?? '').replaceAll('""', '"');
      rest = rest.slice(quoted[0].length);
    } else {
      const end = rest.search(separator === '\t' ? /[\t\r\n]/ : new RegExp(`[${separator}\\r\\n]`));
      cell = end < 0 ? rest : rest.slice(0, end);
      rest = end < 0 ? '' : rest.slice(end);
    }
    record.push(cell);
    if (rest.startsWith(separator)) {
      rest = rest.slice(1);
      if (rest === '') record.push('');
      continue;
    }
    records.push(record);
    record = [];
    rest = rest.replace(/^(?:\r\n|\r|\n)/, '');
  }
  if (record.length > 0) records.push(record);
  return records;
}

function ofSeparator(separator: string): RegExp {
  return new RegExp(`^"((?:[^"]|"")*)"(?=\\${separator})`);
}
