import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { sourceFile } from './source-file.ts';

// docs/guarantees.md says for each fault which tests show it. A promise whose test was renamed or deleted would stand there
// unproved, and a test that the page does not name would not be found by whoever asks.

const root = join(import.meta.dirname, '..');
const faultsKnown = 29;

/** Fault numbers by test file, as the titles say: `fault 7: …` or `faults 3 and 4: …`. */
let shown: Map<number, Set<string>>;
/** The same, as the page's table says. */
let told: Map<number, Set<string>>;

beforeAll(async () => {
  shown = new Map();
  for await (const path of glob('{apps,packages,checks}/**/*.test.ts', {
    cwd: root,
    exclude: isElsewhere,
  })) {
    if (!sourceFile(path).isTest || path === 'checks/faults.test.ts') continue;
    const text = await readFile(join(root, path), 'utf8');
    for (const [, numbers = ''] of text.matchAll(/['"`]faults? ((?:\d+(?:, | and )?)+):/g)) {
      for (const [number] of numbers.matchAll(/\d+/g)) add(shown, Number(number), path);
    }
  }
  told = new Map();
  const page = await readFile(join(root, 'docs/guarantees.md'), 'utf8');
  for (const [, number, , cells = ''] of page.matchAll(/^\| +(\d+) +\|([^|]*)\|(.*)\|$/gm)) {
    for (const [, path = ''] of cells.matchAll(/\]\(\.\.\/([^)]+\.test\.ts)\)/g)) {
      add(told, Number(number), path);
    }
  }
});

test('each fault of the list is shown by a test that carries its number', () => {
  const unshown = Array.from({ length: faultsKnown }, (_, index) => index + 1).filter(
    (number) => !shown.has(number),
  );
  expect(unshown).toEqual([]);
});

test('the table of docs/guarantees.md names those tests, all of them and no others', () => {
  const sorted = (map: Map<number, Set<string>>) =>
    Object.fromEntries(
      [...map].sort(([a], [b]) => a - b).map(([number, paths]) => [number, [...paths].sort()]),
    );
  expect(sorted(told)).toEqual(sorted(shown));
});

function add(map: Map<number, Set<string>>, number: number, path: string): void {
  map.set(number, (map.get(number) ?? new Set()).add(path));
}

function isElsewhere(name: string): boolean {
  return name === 'node_modules' || name.endsWith('/node_modules');
}
