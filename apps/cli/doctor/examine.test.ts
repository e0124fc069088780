import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Ready } from '@rollcall/contract';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from '../testing/run-cli.ts';
import { readinessFindings } from './examine-readiness.ts';

test('while Postgres is away the doctor says so at once, and asks nothing that waits for it', async () => {
  const asked: string[] = [];
  const ready: Ready = {
    status: 'not_ready',
    postgres: { ok: false, reason: 'Postgres cannot be reached' },
    queue: { ok: false, reason: 'cannot be reached', backend: 'redis' },
  };
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(503, { 'content-type': 'application/json' }).end(JSON.stringify(ready));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('there is no port');

  const ran = await runCli(['doctor'], { url: `http://127.0.0.1:${address.port}`, key: 'any' });
  expect(ran.code).toBe(6);
  expect(asked).toEqual(['/readyz']);
  expect(ran.out.split('\n')).toEqual([
    expect.stringMatching(/^not_ready: the API does not reach Postgres: .* cannot be reached;/),
    expect.stringContaining('    → bring Postgres back (docs/operations.md#postgres-gone)'),
    expect.stringMatching(/^not_ready: .* the queue on redis: .* nothing moves until it is back/),
    expect.stringContaining('    → bring Redis back (docs/operations.md#redis-gone)'),
    '',
  ]);
  expect(ran.err).toBe(
    'not looked at: accounts, holds, jobs, due work (all of it is in Postgres)\n',
  );
});

test('a queue in the Postgres that is away is not told of twice', () => {
  const away = { ok: false, reason: 'no answer' };
  const of = (postgres: Ready['postgres']) =>
    readinessFindings({
      status: 'not_ready',
      postgres,
      queue: { ...away, backend: 'postgres' },
    }).map(({ what }) => what);
  expect(of(away)).toEqual([expect.stringContaining('does not reach Postgres: no answer')]);
  expect(of({ ok: true })).toEqual([expect.stringContaining('the queue on postgres: no answer')]);
});
