/** Rows of text as a table for a terminal: columns that hold only figures, or money with its currency, are set flush right. The first row is the header. */
export function renderTable(rows: readonly (readonly string[])[], indent = '  '): string {
  const [header = [], ...body] = rows;
  const columns = header.map((title, column) => {
    const cells = body.map((row) => row[column] ?? '');
    return {
      width: Math.max(title.length, ...cells.map((cell) => cell.length)),
      isFigures: cells.every((cell) => /^[\d.,]*( [A-Z]{3})?$/.test(cell)),
    };
  });
  const lineOf = (row: readonly string[]) =>
    indent +
    columns
      .map(({ width, isFigures }, column) => {
        const cell = row[column] ?? '';
        return isFigures ? cell.padStart(width) : cell.padEnd(width);
      })
      .join(' ')
      .trimEnd();
  const rule = indent + columns.map(({ width }) => '─'.repeat(width)).join(' ');
  return [lineOf(header), rule, ...body.map(lineOf)].join('\n');
}
