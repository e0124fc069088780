import type { Refusal } from './read-outcome.ts';
import { refuse } from './read-outcome.ts';

const utf8ByteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

const zipMagic = Buffer.from('PK\u0003\u0004');

const utf16 = 'UTF-16 text (Excel calls it “Unicode Text”: save it as “CSV UTF-8”)';

const foreignKinds: readonly { readonly magic: Buffer; readonly what: string }[] = [
  { magic: zipMagic, what: 'a zip or xlsx file' },
  { magic: Buffer.from('PK\u0005\u0006'), what: 'an empty zip file' },
  {
    magic: Buffer.from([0xd0, 0xcf, 0x11, 0xe0]),
    what: 'an old Excel (xls) file, or one with a password',
  },
  { magic: Buffer.from('%PDF-'), what: 'a PDF' },
  { magic: Buffer.from([0x1f, 0x8b]), what: 'gzip within gzip' },
  { magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), what: 'a zstd file' },
  { magic: Buffer.from('BZh'), what: 'a bzip2 file' },
  { magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a]), what: 'an xz file' },
  { magic: Buffer.from('7z\u00bc\u00af', 'latin1'), what: 'a 7z file' },
  { magic: Buffer.from('Rar!'), what: 'a rar file' },
  { magic: Buffer.from([0xff, 0xfe]), what: utf16 },
  { magic: Buffer.from([0xfe, 0xff]), what: utf16 },
];

/** A zip that has members; an xlsx is one. */
export function isZip(head: Uint8Array): boolean {
  return zipMagic.equals(head.subarray(0, zipMagic.length));
}

export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

export function withoutByteOrderMark(head: Buffer): Buffer {
  return head.subarray(0, 3).equals(utf8ByteOrderMark) ? head.subarray(3) : head;
}

/** Refuses a file that is told by its first bytes to be none that numbers are read from. */
export function refuseForeignKind(head: Buffer): Refusal | undefined {
  const kind = foreignKinds.find(({ magic }) => head.subarray(0, magic.length).equals(magic));
  if (kind === undefined) return undefined;
  return refuseUnsupported(kind.what);
}

/** No text that numbers are read from holds a NUL byte, and nearly every other file does. */
export function refuseNul(bytes: Buffer): Refusal | undefined {
  return bytes.includes(0)
    ? refuseUnsupported('no text, since it holds NUL bytes: another kind of file, or UTF-16 text')
    : undefined;
}

/** @param what the kind of file, with its article */
export function refuseUnsupported(what: string): Refusal {
  return refuse(
    'unsupported_format',
    `The upload is ${what}. Send txt, csv, tsv or a JSON array, in UTF-8, plain or gzipped; or an xlsx.`,
  );
}
