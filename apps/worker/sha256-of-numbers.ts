import { createHash } from 'node:crypto';

const atOnce = 8_192;

/** SHA-256 of the numbers as `+E.164`, each in a line that ends with a newline: what an attempt keeps of what it sent. */
export function sha256OfNumbers(numbers: Float64Array): Buffer {
  const hash = createHash('sha256');
  for (let start = 0; start < numbers.length; start += atOnce) {
    let text = '';
    for (const number of numbers.subarray(start, start + atOnce)) text += `+${number}\n`;
    hash.update(text);
  }
  return hash.digest();
}
