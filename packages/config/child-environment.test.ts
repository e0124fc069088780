import { expect, test } from 'vitest';
import { childEnvironment } from './child-environment.ts';
import { readEnvironment } from './read-environment.ts';

test('settings replace what was inherited in either form, the rest is handed on', () => {
  const inherited = {
    DATABASE_URL: 'postgres://elsewhere/a',
    REDIS_URL_FILE: '/elsewhere',
    KEY: 'k',
  };
  const environment = childEnvironment(
    {
      DATABASE_URL: 'postgres://here/b',
      REDIS_URL: undefined,
      ROLLCALL_ACCOUNTS_FILE: '/accounts.yaml',
    },
    inherited,
  );
  expect(environment).toMatchObject({ KEY: 'k', DATABASE_URL: 'postgres://here/b' });
  const read = readEnvironment(environment);
  expect(read).toMatchObject({
    ok: true,
    config: { databaseUrl: 'postgres://here/b', redisUrl: null },
  });
  expect(inherited.REDIS_URL_FILE).toBe('/elsewhere');
});
