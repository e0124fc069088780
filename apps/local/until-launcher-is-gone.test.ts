import { expect, test } from 'vitest';
import { launchersAmong } from './until-launcher-is-gone.ts';

const commandsOf = (...commands: string[]) =>
  launchersAmong(commands.map((command, index) => ({ pid: 100 - index, command }))).map(
    ({ command }) => command,
  );

const npx = [
  'sh -c node apps/local/start.ts',
  'pnpm start --data /tmp/data',
  "sh -c 'pnpm' start --data /tmp/data",
  'npm exec pnpm@12.21.0 start --data /tmp/data',
];

test.each([['-bash'], ['/bin/bash ./run-everything'], ['bash -c npx --yes pnpm@12.21.0 start &']])(
  'npx, pnpm and the shells between them are watched, and %s above them is not',
  (above) => {
    expect(commandsOf(...npx, above, '/sbin/init')).toEqual(npx);
  },
);

test.each([
  ['-zsh', '/usr/bin/login'],
  ['sh -c node apps/local/start.ts', '-bash'],
  ['node /srv/rollcall/node_modules/.pnpm/vitest/vitest.mjs run', 'pnpm test'],
])('started by %s, nobody is watched', (...commands) => {
  expect(commandsOf(...commands)).toEqual([]);
});

test('npx as a script of node is known', () => {
  expect(commandsOf('node /usr/local/bin/npx pnpm start')).toHaveLength(1);
});
