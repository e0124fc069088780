import { buffer } from 'node:stream/consumers';
import yauzl from 'yauzl';

/** The members of a zip by name, in their order. */
export async function readZip(bytes: Uint8Array): Promise<Map<string, Buffer>> {
  const members = new Map<string, Buffer>();
  const zip = await yauzl.fromBufferPromise(Buffer.from(bytes));
  for await (const entry of zip.eachEntry()) {
    members.set(entry.fileName, await buffer(await zip.openReadStreamPromise(entry)));
  }
  return members;
}

/** The cells of a workbook's one sheet, row by row, by column letter; empty cells are absent. */
export async function readSheet(bytes: Uint8Array): Promise<Record<string, string>[]> {
  const members = await readZip(bytes);
  const part = (name: string) => members.get(name)?.toString() ?? '';
  const sheet = part('xl/worksheets/sheet1.xml');
  if (!sheet.endsWith('</sheetData></worksheet>')) throw new Error('the sheet has no end');
  const shared = [...part('xl/sharedStrings.xml').matchAll(/<si><t>(.*?)<\/t><\/si>/g)].map(
    ([, text]) => text,
  );
  return [...sheet.matchAll(/<row r="\d+">(.*?)<\/row>/g)].map(([, row = '']) => {
    const cells = row.matchAll(
      /<c r="([A-Z]+)\d+"(?: t="(\w+)")?>(?:<is><t>|<v>)(.*?)(?:<\/t><\/is>|<\/v>)<\/c>/g,
    );
    const read = [...cells].map(([, column = '', type, value = '']): [string, string] => [
      column,
      type === 's' ? (shared[Number(value)] ?? 'no such shared string') : value,
    ]);
    return Object.fromEntries(read);
  });
}
