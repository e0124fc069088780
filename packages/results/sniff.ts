import type { UnreadableCode } from './result-outcome.ts';

export type SniffedKind =
  | { readonly kind: 'zip' }
  /** `byteOrderMark_bytes` are to be skipped. */
  | { readonly kind: 'text'; readonly byteOrderMark_bytes: number }
  | { readonly kind: 'refused'; readonly code: UnreadableCode; readonly message: string };

/** First bytes of files that are never a result, from the formats' own specifications. */
const magics: readonly (readonly [hex: string, code: UnreadableCode, message: string])[] = [
  ['d0cf11e0a1b11ae1', 'xls', 'an old .xls workbook (OLE), not an xlsx'],
  ['1f8b', 'gzip', 'gzip data'],
  ['25504446', 'pdf', 'a PDF document'],
  ['526172211a07', 'other_archive', 'a RAR archive'],
  ['377abcaf271c', 'other_archive', 'a 7z archive'],
  ['fd377a585a00', 'other_archive', 'an xz archive'],
  ['425a68', 'other_archive', 'a bzip2 archive'],
  ['28b52ffd', 'other_archive', 'zstd data'],
  ['504b0506', 'empty', 'an archive without members'],
  ['504b0708', 'other_archive', 'a part of a split archive'],
  ['fffe', 'unsupported_encoding', 'UTF-16 text; UTF-8 is expected'],
  ['feff', 'unsupported_encoding', 'UTF-16 text; UTF-8 is expected'],
];

/**
 * Tells what a file is by its first bytes, never by its name or the URL's ending.
 * @param head the first bytes (64 KiB are plenty)
 * @param isWhole whether `head` is the whole file
 */
export function sniff(head: Buffer, isWhole: boolean): SniffedKind {
  const hex = head.toString('hex', 0, 8);
  if (hex.startsWith('504b0304')) return { kind: 'zip' };
  for (const [magic, code, message] of magics) {
    if (hex.startsWith(magic)) return { kind: 'refused', code, message };
  }
  const byteOrderMark_bytes = hex.startsWith('efbbbf') ? 3 : 0;
  let first = byteOrderMark_bytes;
  while (first < head.length && (head[first] as number) <= 0x20 && head[first] !== 0) first++;
  if (first === head.length && isWhole) {
    return { kind: 'refused', code: 'empty', message: 'no bytes, or only blank ones' };
  }
  const beginning = head.toString('latin1', first, first + 512).toLowerCase();
  if (beginning.startsWith('<')) {
    return beginning.includes('<html') || beginning.includes('<!doctype html')
      ? { kind: 'refused', code: 'html', message: 'a web page' }
      : { kind: 'refused', code: 'xml', message: 'an XML document' };
  }
  if (beginning.startsWith('{') || beginning.startsWith('[')) {
    return { kind: 'refused', code: 'json', message: 'a JSON document' };
  }
  // A stray NUL belongs to one bad cell; many are no text at all.
  let nuls = 0;
  for (const byte of head.subarray(0, 512)) if (byte === 0) nuls++;
  if (nuls * 16 > Math.min(head.length, 512)) {
    return { kind: 'refused', code: 'binary', message: 'binary data of an unknown kind' };
  }
  return { kind: 'text', byteOrderMark_bytes };
}
