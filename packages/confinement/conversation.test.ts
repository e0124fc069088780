import { join } from 'node:path';
import { waitFor } from '@rollcall/testing';
import { describe, expect, test } from 'vitest';
import { type Confined, type ConfinedEnd, confine } from './confine.ts';

const program = join(import.meta.dirname, 'fixtures/program.ts');
const mebibyte = 1_048_576;
const ample = { memory_bytes: 200 * mebibyte, processorTime_ms: 60_000 };

async function ask(
  confined: Confined,
  request: string,
  { atRest = ample, processorTime_ms = 60_000 } = {},
): Promise<{ readonly said: readonly string[]; readonly end: ConfinedEnd }> {
  const messages = confined.run(request, { processorTime_ms, atRest });
  const said: string[] = [];
  for (;;) {
    const step = await messages.next();
    if (step.done === true) return { said, end: step.value };
    said.push(step.value.toString());
  }
}

function closing(memory_bytes?: number) {
  const confined = confine(program, [], memory_bytes);
  return { confined, [Symbol.asyncDispose]: () => confined.close() };
}

/** Only Linux tells what a process uses, and so only there one is kept. */
describe.runIf(process.platform === 'linux')('a process that may rest', () => {
  test('answers again, and is there until it is closed', async () => {
    await using one = closing();
    expect(one.confined.isThere()).toBe(true);
    for (const time of ['1', '2', '3'])
      expect(await ask(one.confined, 'count')).toMatchObject({
        said: [time],
        end: { kind: 'ended', rests: true },
      });
    expect(one.confined.isThere()).toBe(true);
    await one.confined.close();
    expect(one.confined.isThere()).toBe(false);
    expect((await ask(one.confined, 'count')).end).toMatchObject({ kind: 'died' });
  });

  test('ends with its request where it is not asked to rest, and where it failed or exceeded', async () => {
    for (const request of ['fail', 'abort', 'failureWithoutWords']) {
      await using one = closing();
      await ask(one.confined, request);
      expect(one.confined.isThere(), request).toBe(false);
    }
    await using one = closing();
    for await (const _ of one.confined.run('count', { processorTime_ms: 60_000 }));
    expect(one.confined.isThere()).toBe(false);
  });

  test('has the processor for each request anew', async () => {
    await using one = closing();
    for (const time of ['1', '2', '3', '4']) {
      // 1,200 ms in all.
      const { said, end } = await ask(one.confined, 'work', { processorTime_ms: 1_000 });
      expect({ said, kind: end.kind }).toEqual({ said: [time], kind: 'ended' });
    }
    const { end } = await ask(one.confined, 'count');
    expect(end.usage.processorTime_ms).toBeLessThan(200);
    expect((await ask(one.confined, 'spin', { processorTime_ms: 300 })).end).toMatchObject({
      kind: 'exceeded',
      what: 'time',
    });
  });

  test('has its peak of memory told for each request anew', async () => {
    await using one = closing();
    const grown = await ask(one.confined, 'grow');
    expect(grown.end.usage.peak_bytes).toBeGreaterThan(120 * mebibyte);
    const after = await ask(one.confined, 'count');
    expect(after).toMatchObject({ said: ['2'], end: { kind: 'ended' } });
    expect(after.end.usage.peak_bytes).toBeLessThan(110 * mebibyte);
    expect(after.end.usage.peak_bytes).toBeGreaterThan(20 * mebibyte);
  });

  test('is ended where it has more memory, or has used more of the processor, than one at rest may', async () => {
    for (const tight of [{ memory_bytes: mebibyte }, { processorTime_ms: 1 }]) {
      await using one = closing();
      const { end } = await ask(one.confined, 'work', { atRest: { ...ample, ...tight } });
      expect(end).toMatchObject({ kind: 'ended', rests: false });
      expect(one.confined.isThere()).toBe(false);
    }
  });

  test('is not itself any more when it says something that nobody asked', async () => {
    await using atOnce = closing();
    expect((await ask(atOnce.confined, 'endAndTalkAtOnce')).end).toMatchObject({
      kind: 'died',
      how: 'not itself',
    });
    await using later = closing();
    expect((await ask(later.confined, 'endAndTalk')).end).toMatchObject({ rests: true });
    const isGone = () => !later.confined.isThere();
    await waitFor(isGone, { describe: 'it to be ended for its word' });
    expect((await ask(later.confined, 'count')).end).toMatchObject({
      kind: 'died',
      how: 'not itself',
    });
  });

  test.each(['endAndSpin', 'endAndFill'])(
    'is ended when it does anything at rest (%s)',
    async (request) => {
      // 112 MiB before it is ended: more than it needs, and less than it fills.
      await using one = closing(160 * mebibyte);
      expect((await ask(one.confined, request)).end).toMatchObject({ rests: true });
      const isGone = () => !one.confined.isThere();
      await waitFor(isGone, { describe: 'it to be ended for its work' });
    },
  );
});
