import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeFlags } from './node-flags.ts';

const root = join(import.meta.dirname, '../..');

test('the API and the worker have the same flags of Node however they are started', async () => {
  const flags = nodeFlags.join(' ');
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  expect(scripts['api']).toBe(`node ${flags} apps/api/main.ts`);
  expect(scripts['worker']).toBe(`node ${flags} apps/worker/main.ts`);
  const dockerfile = await readFile(join(root, 'Dockerfile'), 'utf8');
  expect(dockerfile).toContain(`\nENV NODE_OPTIONS="${flags}"\n`);
});
