import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventMeanings } from '../packages/telemetry/events.ts';
import { sourceFile } from './source-file.ts';

// Types refuse an event that is not on the list; this refuses one on the list that nobody ever logs, because whoever
// searches the log for it would take its absence for good news.

const root = join(import.meta.dirname, '..');

test('every event of the list is logged by something', async () => {
  let product = '';
  for await (const path of glob('{apps,packages}/**/*.ts', { cwd: root, exclude: isElsewhere })) {
    const file = sourceFile(path);
    if (!file.isTest && path !== 'packages/telemetry/events.ts') {
      product += await readFile(join(root, path), 'utf8');
    }
  }
  const silent = Object.keys(eventMeanings).filter((event) => !product.includes(`'${event}'`));
  expect(silent).toEqual([]);
});

function isElsewhere(name: string): boolean {
  return name === 'node_modules' || name.endsWith('/node_modules');
}
