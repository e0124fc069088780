import { isUtf8 } from 'node:buffer';

/** UTF-8, or Latin-1 where the bytes are not UTF-8: no byte is ever refused for its encoding. */
export function decodeText(bytes: Buffer, start: number, end: number): string {
  return isUtf8(bytes.subarray(start, end))
    ? bytes.toString('utf8', start, end)
    : bytes.toString('latin1', start, end);
}
