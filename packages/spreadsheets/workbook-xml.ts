import { attributeXml } from './cell-xml.ts';

export const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
export const spreadsheetNamespace = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const relationNamespace = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const packageNamespace = 'http://schemas.openxmlformats.org/package/2006';
const contentType = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

/** Excel's limit for the title of a tab. */
const maxTitle_characters = 31;

export function sheetMember(sheet: number): string {
  return `xl/worksheets/sheet${sheet}.xml`;
}

/** The members that name the sheets, for when their count is known. */
export function workbookParts(name: string, sheets: number): Readonly<Record<string, string>> {
  const numbers = Array.from({ length: sheets }, (_, index) => index + 1);
  const tabs = numbers.map(
    (n) => `<sheet name="${attributeXml(tabTitle(name, n))}" sheetId="${n}" r:id="rId${n}"/>`,
  );
  const relations = numbers.map(
    (n) =>
      `<Relationship Id="rId${n}" Type="${relationNamespace}/worksheet" Target="worksheets/sheet${n}.xml"/>`,
  );
  const overrides = numbers.map(
    (n) => `<Override PartName="/${sheetMember(n)}" ContentType="${contentType}.worksheet+xml"/>`,
  );
  const root = `<Relationship Id="rId1" Type="${relationNamespace}/officeDocument" Target="xl/workbook.xml"/>`;
  return {
    'xl/workbook.xml': `${declaration}<workbook xmlns="${spreadsheetNamespace}" xmlns:r="${relationNamespace}"><sheets>${tabs.join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': relationships(relations.join('')),
    '_rels/.rels': relationships(root),
    '[Content_Types].xml': `${declaration}<Types xmlns="${packageNamespace}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${contentType}.sheet.main+xml"/>${overrides.join('')}</Types>`,
  };
}

function relationships(content: string): string {
  return `${declaration}<Relationships xmlns="${packageNamespace}/relationships">${content}</Relationships>`;
}

/** The n-th tab's title: `name`, `name (2)`, …, without what Excel refuses in one. */
function tabTitle(name: string, sheet: number): string {
  const suffix = sheet === 1 ? '' : ` (${sheet})`;
  const clean = name.replace(/[[\]:*?/\\]/g, '_').replace(/^'+|'+$/g, '');
  const title = (clean.trim() === '' ? 'Sheet' : clean).slice(
    0,
    maxTitle_characters - suffix.length,
  );
  return `${title}${suffix}`;
}
