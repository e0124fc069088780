import { once } from 'node:events';
import { createServer } from 'node:http';
import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { openApi } from './api.ts';
import { askRepeatable } from './ask-repeatable.ts';
import { Output } from './output.ts';

/** An API that answers one request after the other with these, and tells what it was sent. */
async function answering(answers: readonly (readonly [number, object])[]) {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      bodies.push(await new Response(request as never).text());
      const [status, body] = answers[bodies.length - 1] ?? [500, {}];
      response.writeHead(status, { 'retry-after': '1', 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  const api = openApi({ url: `http://127.0.0.1:${address.port}`, key: 'rc_live_x' });
  onTestFinished(async () => {
    await api.close();
    server.close();
  });
  const err = new PassThrough();
  const output = new Output({ out: new PassThrough(), err, json: false, colors: false });
  return { context: { api, output, signal: new AbortController().signal }, bodies, err };
}

const schema = z.object({ done: z.int() });

test('what the API has no room for now is sent again when it says, and that is said', async () => {
  const { context, bodies, err } = await answering([
    [429, {}],
    [503, {}],
    [200, { done: 1 }],
  ]);
  const { value } = await askRepeatable(context, schema, '/v1/erasures', { one: 1 });
  expect(value).toEqual({ done: 1 });
  expect(bodies).toEqual(['{"one":1}', '{"one":1}', '{"one":1}']);
  expect(String(err.read())).toMatch(/answered 429; it is asked again in 1 s.*\n.*answered 503/);
});

test('what is refused is sent once', async () => {
  const problem = { type: 'x', title: 'x', code: 'invalid_request', detail: 'x', instance: 'x' };
  const { context, bodies } = await answering([[422, { ...problem, status: 422 }]]);
  await expect(askRepeatable(context, schema, '/v1/erasures', {})).rejects.toMatchObject({
    ending: 'refused',
  });
  expect(bodies).toHaveLength(1);
});
