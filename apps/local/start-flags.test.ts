import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readStartFlags } from './start-flags.ts';

test('without flags it is loopback, the usual port, Postgres and simulated providers', () => {
  expect(readStartFlags([])).toMatchObject({
    ok: true,
    flags: { host: '127.0.0.1', port: null, redis: false, accounts: null },
  });
});

test('each flag is taken', () => {
  const args = ['--data', '/d', '--port', '0', '--host', '::1', '--redis', '--accounts', 'a.yaml'];
  expect(readStartFlags(args)).toEqual({
    ok: true,
    flags: { data: '/d', port: 0, host: '::1', redis: true, accounts: resolve('a.yaml') },
  });
});

test.each([
  [['--port', '65536'], '--port: write a whole number from 0 to 65535'],
  [['--port', 'http'], '--port: write a whole number from 0 to 65535'],
  [['--host', 'example.com'], '--host: write an IP address'],
  [['--dta', '/d'], "Unknown option '--dta'"],
  [['/d'], 'Unexpected argument'],
])('%j is refused: %s', (args, problem) => {
  expect(readStartFlags(args)).toEqual({ ok: false, problem: expect.stringContaining(problem) });
});

test('help is no problem', () => {
  expect(readStartFlags(['--help'])).toEqual({ ok: false, problem: null });
});
