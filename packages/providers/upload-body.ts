import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';

const plus = 0x2b;
const newline = 0x0a;
const zero = 0x30;
/** E.164 allows 15 digits (ITU-T E.164 §6.2.1), which a double holds exactly. */
const largestNumber = 999_999_999_999_999;
/** Both halves of a number then fit 32-bit arithmetic, which is several times faster than doubles here. */
const half = 10_000_000;

function digitCount(value: number): number {
  let count = 1;
  for (let limit = 10; value >= limit; limit *= 10) count += 1;
  return count;
}

/**
 * The uploaded file: one `+<digits>` a line, UTF-8, each line ended by LF. Written straight into bytes, because a million
 * strings cost more than the upload does.
 *
 * @throws RangeError on no numbers, or on one that is not 1 to 15 digits: a bug of the caller, found before a byte leaves.
 */
export function encodeNumberLines(numbers: Float64Array): Buffer {
  if (numbers.length === 0) throw new RangeError('an upload needs at least one number');
  let byteCount = 0;
  for (const number of numbers) {
    if (!Number.isInteger(number) || number <= 0 || number > largestNumber) {
      throw new RangeError('a number to upload is not 1 to 15 digits');
    }
    byteCount += digitCount(number) + 2;
  }
  const bytes = Buffer.allocUnsafe(byteCount);
  let end = 0;
  for (const number of numbers) {
    bytes[end] = plus;
    end += digitCount(number) + 2;
    bytes[end - 1] = newline;
    let high = Math.floor(number / half) | 0;
    let low = (number - high * half) | 0;
    let at = end - 2;
    for (let written = 0; high > 0 ? written < 7 : low > 0; written += 1) {
      bytes[at] = zero + (low % 10);
      low = (low / 10) | 0;
      at -= 1;
    }
    for (; high > 0; high = (high / 10) | 0) {
      bytes[at] = zero + (high % 10);
      at -= 1;
    }
  }
  return bytes;
}

export type MultipartPart =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly fileName: string; readonly bytes: Buffer };

/**
 * A `multipart/form-data` body (RFC 7578) as one Buffer, so that its Content-Length is known and it can be sent in one
 * write. Part names are ours; quotes and line breaks in them are a bug.
 */
export function encodeMultipart(parts: readonly MultipartPart[]): {
  readonly contentType: string;
  readonly body: Buffer;
} {
  const boundary = `rollcall-${randomBytes(18).toString('hex')}`;
  const pieces: Buffer[] = [];
  for (const part of parts) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${part.name}"`;
    if ('bytes' in part) {
      const fileHead = `; filename="${part.fileName}"\r\nContent-Type: text/plain\r\n\r\n`;
      pieces.push(Buffer.from(head + fileHead), part.bytes, Buffer.from('\r\n'));
    } else {
      pieces.push(Buffer.from(`${head}\r\n\r\n${part.value}\r\n`));
    }
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`));
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: Buffer.concat(pieces),
  };
}
