import { readdir } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { NumberSorter } from './number-sorter.ts';
import { a, limits, read, refused } from './read-for-tests.ts';

const wide = { maxLines: 1e7, maxLineBytes: 65_536, maxBytes: 1 << 30 };

/**
 * Runs the work, and says how often the event loop turned meanwhile and how long it stood still at most: in the processor's time,
 * which others on the machine do not take from it.
 */
async function watchEventLoop(
  work: () => Promise<void>,
): Promise<{ turns: number; stall_ms: number }> {
  let turns = 0;
  let stall_ms = 0;
  let last_ms = threadCpu_ms();
  let watched = true;
  const turn = (): void => {
    const now_ms = threadCpu_ms();
    stall_ms = Math.max(stall_ms, now_ms - last_ms);
    last_ms = now_ms;
    turns += 1;
    if (watched) setImmediate(turn);
  };
  turn();
  await work();
  watched = false;
  return { turns, stall_ms };
}

function threadCpu_ms(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

describe('an upload that is all here already', () => {
  test.each(['+1x1\n', '1a1\n', '+1 (a) 1\n', '+44 7911 123456 ext. 12\n', 'junk\n'])(
    'of lines %j lets the event loop turn while it is read, the sniffed head included',
    async (line) => {
      const bytes = Buffer.from(line.repeat(Math.ceil(1_000_000 / line.length)));
      const { turns, stall_ms } = await watchEventLoop(async () => {
        const intake = await read(bytes, wide, bytes.length);
        await intake.close();
      });
      expect(turns).toBeGreaterThan(5);
      // Some 20 ms, and nothing like the 4 s that it took in one go.
      expect(stall_ms).toBeLessThan(1_000);
    },
    60_000,
  );
});

describe('an upload that is refused', () => {
  test('leaves no file open, however much has been put aside', async () => {
    const junk = Array.from({ length: 60_000 }, (_, at) => `junk ${at} ${'x'.repeat(60)}\n`);
    const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
    const before = await openFiles();
    for (let again = 0; again < 3; again += 1) {
      // The numbers, the rejects and the original have each outgrown memory when the last line is refused.
      const numbers = Array.from({ length: 600_000 }, (_, at) => `+4479${10_000_000 + at * 37}\n`);
      const text = `${numbers.join('')}${junk.join('')}${'9'.repeat(5000)}\n`;
      expect((await refused(text, { ...wide, maxLineBytes: 4096 })).code).toBe('line_too_long');
    }
    expect(await openFiles()).toBe(before);
  }, 180_000);

  test('is refused for a line over the limit that ends within its chunk', async () => {
    const text = `+${a}\n${'4'.repeat(limits.maxLineBytes + 1)}\n+${a}\n`;
    expect(await refused(text)).toMatchObject({ code: 'line_too_long', line: 2 });
    await using intake = await read(`+${a}\n${'4'.repeat(limits.maxLineBytes)}\n`);
    expect([intake.lines, intake.rejected]).toEqual([2, 1]);
  });

  test.each(['\n', '\r\n', ' \r', '\t\n'])(
    'is refused for blank lines %j beyond twice its limit of lines and a hundred',
    async (blank) => {
      const text = `+${a}\r\n`.repeat(1000);
      await using intake = await read(text + blank.repeat(1100));
      expect(intake.lines).toBe(1000);
      for (const tooMany of [text + blank.repeat(1101), `id,phone\n1,+${a}\n${blank.repeat(2200)}`])
        expect((await refused(tooMany)).code).toBe('too_many_lines');
    },
  );

  test('is refused for its bytes as received, where it inflates to fewer', async () => {
    const text = `+${a}\n`.repeat(100);
    const stored = gzipSync(text, { level: 0 });
    expect(stored.length).toBeGreaterThan(text.length);
    expect((await refused(stored, { maxBytes: text.length })).code).toBe('too_many_bytes');
    await using intake = await read(stored, { maxBytes: stored.length });
    expect(intake.lines).toBe(100);
  });
});

test('numbers that get lost on the way are an error, never duplicates', async () => {
  const add = NumberSorter.prototype.add;
  const losing = vi.spyOn(NumberSorter.prototype, 'add').mockImplementation(function (
    this: NumberSorter,
    number: number,
  ) {
    if (number % 2 === 0) add.call(this, number);
  });
  try {
    await expect(read(`+${a}\n+${a}\n+${a + 1}\n`)).rejects.toThrow(
      'intake lost lines: 3 read, 1 accepted, 1 duplicates, 0 rejects',
    );
  } finally {
    losing.mockRestore();
  }
});
