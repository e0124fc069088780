import { makeZip } from './make-zip.ts';

const spreadsheet = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const relation = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

/** A sheet's XML around its rows. */
export function sheetXml(rows: string): string {
  return `${declaration}<worksheet xmlns="${spreadsheet}"><sheetData>${rows}</sheetData></worksheet>`;
}

export function sharedStringsXml(items: string): string {
  return `${declaration}<sst xmlns="${spreadsheet}">${items}</sst>`;
}

/** Rows whose cells are inline strings, or numbers where they are numbers. */
export function rowsXml(rows: readonly (readonly (string | number)[])[]): string {
  return rows
    .map((cells, row) => {
      const xml = cells.map((cell, column) => {
        const reference = `${String.fromCharCode(65 + column)}${row + 1}`;
        return typeof cell === 'number'
          ? `<c r="${reference}"><v>${cell}</v></c>`
          : `<c r="${reference}" t="inlineStr"><is><t>${cell}</t></is></c>`;
      });
      return `<row r="${row + 1}">${xml.join('')}</row>`;
    })
    .join('');
}

/** The members of a workbook with these sheets, by title; further members replace or join them. */
export function workbookMembers(
  sheets: Readonly<Record<string, string>>,
  further: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const titles = Object.keys(sheets);
  const list = titles.map(
    (title, n) => `<sheet name="${title}" sheetId="${n + 1}" r:id="rId${n}"/>`,
  );
  const relations = titles.map(
    (_, n) =>
      `<Relationship Id="rId${n}" Type="${relation}/worksheet" Target="worksheets/sheet${n + 1}.xml"/>`,
  );
  if ('xl/sharedStrings.xml' in further) {
    relations.push(
      `<Relationship Id="s" Type="${relation}/sharedStrings" Target="sharedStrings.xml"/>`,
    );
  }
  if ('xl/styles.xml' in further) {
    relations.push(`<Relationship Id="f" Type="${relation}/styles" Target="styles.xml"/>`);
  }
  const root = `<Relationship Id="w" Type="${relation}/officeDocument" Target="xl/workbook.xml"/>`;
  const members: Record<string, string> = {
    '[Content_Types].xml': `${declaration}<Types/>`,
    '_rels/.rels': `${declaration}<Relationships>${root}</Relationships>`,
    'xl/workbook.xml': `${declaration}<workbook xmlns="${spreadsheet}" xmlns:r="${relation}"><sheets>${list.join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `${declaration}<Relationships>${relations.join('')}</Relationships>`,
  };
  titles.forEach((title, n) => {
    members[`xl/worksheets/sheet${n + 1}.xml`] = sheets[title] as string;
  });
  return { ...members, ...further };
}

/** A workbook of one sheet. */
export function makeXlsx(
  rows: readonly (readonly (string | number)[])[],
  options: { readonly stored?: boolean } = {},
): Promise<Buffer> {
  return makeZip(workbookMembers({ Sheet1: sheetXml(rowsXml(rows)) }), options);
}
