import { ZipFile } from 'yazl';

/** A zip of these members, written by yazl; stored instead of deflated where asked. */
export async function makeZip(
  members: Readonly<Record<string, string | Buffer>>,
  options: { readonly stored?: boolean } = {},
): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(members)) {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    zip.addBuffer(bytes, name, { compress: options.stored !== true });
  }
  zip.end();
  const pieces: Buffer[] = [];
  for await (const piece of zip.outputStream) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

/** Overwrites the same name wherever it stands (local header and directory), byte for byte. */
export function renameInZip(zip: Buffer, from: string, to: string): Buffer {
  const renamed = Buffer.from(zip);
  for (let at = renamed.indexOf(from); at >= 0; at = renamed.indexOf(from, at + 1)) {
    renamed.write(to, at, from.length, 'latin1');
  }
  return renamed;
}

/** Where the directory's record of the n-th member begins. */
export function directoryRecord(zip: Buffer, index = 0): number {
  let at = -1;
  for (let found = 0; found <= index; found++) at = zip.indexOf('504b0102', at + 1, 'hex');
  return at;
}
