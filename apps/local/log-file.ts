import { open } from 'node:fs/promises';

const tailBytes = 65_536;

/**
 * The end of a log, for a person who has to be told what went wrong: the last warnings, errors and plain texts, or the last lines of
 * any kind where there are none. Empty where there is no log.
 */
export async function readLogTail(path: string, lines_max = 12): Promise<string> {
  const file = await open(path, 'r').catch(() => null);
  if (file === null) return '';
  try {
    const { size } = await file.stat();
    const length = Math.min(size, tailBytes);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    const all = buffer.toString('utf8').trimEnd().split('\n');
    // The first one is cut in two where the log is longer than what was read.
    const lines = all.slice(length < size ? 1 : 0);
    const telling = lines.filter((line) => !/"level":"(?:debug|info)"/.test(line));
    return (telling.length > 0 ? telling : lines).slice(-lines_max).join('\n');
  } finally {
    await file.close();
  }
}

/** Reads a growing log line by line: each call gives the whole lines that were written since the last. */
export function followLog(path: string): () => Promise<string[]> {
  let offset = 0;
  return async () => {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const { buffer } = await file.read(Buffer.alloc(size - offset), 0, size - offset, offset);
      const whole = buffer.subarray(0, buffer.lastIndexOf(0x0a) + 1);
      offset += whole.length;
      return whole.toString('utf8').split('\n').filter(Boolean);
    } finally {
      await file.close();
    }
  };
}
