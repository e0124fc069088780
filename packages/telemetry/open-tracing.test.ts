import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { openTracing } from './open-tracing.ts';
import { parseTraceparent } from './traceparent.ts';
import { noTracing } from './tracing.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parent = `00-${traceId}-b7ad6b7169203331-01`;

async function openCollector() {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      bodies.push(`${request.url ?? ''} ${body}`);
      response.writeHead(200).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    sent: () => bodies.join('\n'),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test('without a collector nothing is traced, and the work is done all the same', async () => {
  const tracing = await openTracing(null, 'rollcall-worker');
  expect(tracing).toBe(noTracing);
  const span = tracing.begin({ name: 'plan', kind: 'consumer', fields: {}, parent });
  expect(span.run(() => [tracing.traceId(), tracing.traceparent()])).toEqual([null, null]);
  span.end(false);
});

test('what runs in a span belongs to it, across waits and below its parent, and what runs beside it does not', async () => {
  const collector = await openCollector();
  const tracing = await openTracing(collector.url, 'rollcall-worker');
  const span = tracing.begin({ name: 'plan', kind: 'consumer', fields: { stage: 'plan' }, parent });
  const inside = span.run(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    tracing.ended({ name: 'provider submit', kind: 'client', fields: {} }, 5, false);
    return [tracing.traceId(), parseTraceparent(tracing.traceparent() ?? '')?.traceId];
  });
  expect(tracing.traceId()).toBeNull();
  expect(await inside).toEqual([traceId, traceId]);
  span.end(false);
  await tracing.close();
  await collector.close();
  expect(collector.sent()).toMatch(/^\/v1\/traces /);
  expect(collector.sent().match(new RegExp(traceId, 'g'))).toHaveLength(2);
});

test('a number, a key or a field that is not on the list never reaches the collector', async () => {
  const collector = await openCollector();
  const tracing = await openTracing(`${collector.url}/`, 'rollcall-api');
  const smuggled = { number: '4915112345678', url: 'https://files.example/a?sig=plainsecret' };
  const fields = { account: 'to +49 151 12345678', result: 'Bearer plainsecret', ...smuggled };
  const counts = { numbers: 20, last: 4_915_112_345_678, n4915112345678: 1 };
  const span = tracing.begin({
    name: 'call 4915112345678',
    kind: 'internal',
    fields,
    parent: null,
  });
  span.end(true, { counts, error_code: 'to 4915112345678' });
  await tracing.close();
  await collector.close();
  expect(collector.sent()).toContain('rollcall.counts.numbers');
  expect(collector.sent()).not.toMatch(/plainsecret|12345678|files\.example/);
});

test('a collector that is away costs its spans, and two seconds of the stop at most', async () => {
  const tracing = await openTracing('http://127.0.0.1:1', 'rollcall-worker');
  tracing.begin({ name: 'plan', kind: 'consumer', fields: {} }).end(false);
  const late = new Promise((resolve) => setTimeout(resolve, 10_000, 'late').unref());
  expect(await Promise.race([tracing.close(), late])).toBeUndefined();
});

test.each([
  [parent, true],
  [`00-${traceId}-b7ad6b7169203331-00`, true],
  [`00-${'0'.repeat(32)}-b7ad6b7169203331-01`, false],
  [`00-${traceId}-${'0'.repeat(16)}-01`, false],
  [`${parent}-more`, false],
  [parent.toUpperCase(), false],
  ['', false],
])('a traceparent is taken as the W3C writes it, and nothing rides along: %s', (given, isOne) => {
  expect(parseTraceparent(given) !== null).toBe(isOne);
});
