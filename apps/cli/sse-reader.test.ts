import { expect, test } from 'vitest';
import { readServerSentEvents } from './sse-reader.ts';

async function eventsOf(...pieces: string[]) {
  async function* bytes() {
    for (const piece of pieces) yield new TextEncoder().encode(piece);
  }
  const events = [];
  for await (const event of readServerSentEvents(bytes())) events.push(event);
  return events;
}

const stream =
  ': beat\n\nid: 7\nevent: job\ndata: {"a":\ndata: 1}\n\ndata: é\r\n\r\nevent: end\ndata: x\n\n';
const events = [
  { event: 'job', data: '{"a":\n1}', id: '7' },
  { event: 'message', data: 'é', id: '7' },
  { event: 'end', data: 'x', id: '7' },
];

test('events are read with their ids, and comments are left out', async () => {
  expect(await eventsOf(stream)).toEqual(events);
});

test('it does not matter where the line cuts the stream', async () => {
  for (let at = 1; at < stream.length; at += 1) {
    expect(await eventsOf(stream.slice(0, at), stream.slice(at)), `cut at ${at}`).toEqual(events);
  }
});

test('an event that is cut off by the end is dropped', async () => {
  expect(await eventsOf('data: whole\n\ndata: cut\n')).toEqual([
    { event: 'message', data: 'whole', id: '' },
  ]);
});

test('what never ends a line is no event stream', async () => {
  await expect(eventsOf('data: '.padEnd(2_000_000, 'x'))).rejects.toThrow('megabyte');
});
