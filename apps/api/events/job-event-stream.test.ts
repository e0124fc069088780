import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { JobEventStream } from './job-event-stream.ts';
import type { JobSnapshot } from './job-snapshot.ts';

const open = (id: string, filler = ''): JobSnapshot => ({
  id,
  event: `id: ${id}\nevent: job\ndata: {"filler":"${filler}"}\n\n`,
  end: null,
});
const closed = (id: string): JobSnapshot => ({
  ...open(id),
  end: { id: `${id}.end`, event: `id: ${id}.end\nevent: end\ndata: {}\n\n` },
});

/** Ids of the events, in order. */
const idsIn = (all: string) => [...all.matchAll(/^id: (\S+)/gm)].map(([, id]) => id);

describe('a listener that takes nothing', () => {
  test('costs one event of memory, and is sent the last state when it wakes', async () => {
    const stream = new JobEventStream(null);
    const filler = 'x'.repeat(10_000);
    for (let at = 0; at < 1_000; at += 1) {
      stream.show(open(`state-${at}`, filler));
      stream.beat();
    }
    expect(stream.readableLength).toBeLessThan(20_000);
    stream.show(closed('last'));
    expect(idsIn(await text(stream))).toEqual(['last', 'last.end']);
  });
});

describe('a listener that takes everything', () => {
  test('is sent each change once, in order', async () => {
    const stream = new JobEventStream(null);
    const all = text(stream);
    for (const id of ['a', 'a', 'b', 'b', 'c']) {
      stream.show(open(id));
      await new Promise(setImmediate);
    }
    stream.show(closed('d'));
    expect(idsIn(await all)).toEqual(['a', 'b', 'c', 'd', 'd.end']);
  });

  test('is not sent what it says it has, the end excepted', async () => {
    const stream = new JobEventStream('d');
    stream.show(closed('d'));
    expect(idsIn(await text(stream))).toEqual(['d.end']);
  });

  test('is sent nothing once the server leaves', async () => {
    const stream = new JobEventStream(null);
    stream.leave();
    stream.show(open('late'));
    stream.beat();
    expect(await text(stream)).toBe('retry: 2000\n\n');
  });
});
