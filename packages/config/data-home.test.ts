import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataHome } from './data-home.ts';

test.each([
  [{ XDG_DATA_HOME: '/srv/data' }, '/srv/data'],
  [{ XDG_DATA_HOME: 'data' }, join(homedir(), '.local/share')],
  [{ XDG_DATA_HOME: '' }, join(homedir(), '.local/share')],
  [{}, join(homedir(), '.local/share')],
])('%j is %s', (env, folder) => {
  expect(dataHome(env)).toBe(folder);
});
