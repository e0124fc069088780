import { access, glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const isElsewhere = (path: string) => path.includes('node_modules');

test('each link of a page leads to a file that is there, and to a heading that it has', async () => {
  const broken: string[] = [];
  let links = 0;
  for await (const page of glob('**/*.md', { cwd: root, exclude: isElsewhere })) {
    const text = await readFile(join(root, page), 'utf8');
    for (const [, to = ''] of text.matchAll(/\]\(([^()\s]+)\)/g)) {
      if (/^[a-z]+:/.test(to)) continue;
      links += 1;
      const [path = '', heading] = to.split('#');
      const file = path === '' ? join(root, page) : join(root, dirname(page), path);
      if (!(await leadsThere(file, heading))) broken.push(`${page}: ${to}`);
    }
  }
  expect(broken).toEqual([]);
  expect(links).toBeGreaterThan(200);
});

async function leadsThere(file: string, heading: string | undefined): Promise<boolean> {
  if (heading === undefined) {
    return access(file).then(
      () => true,
      () => false,
    );
  }
  const text = await readFile(file, 'utf8').catch(() => '');
  return [...text.matchAll(/^#+ (.+)$/gm)].some(([, line = '']) => anchorOf(line) === heading);
}

/** As GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

test('each row of the threat model names the tests that show what stops whom', async () => {
  const page = await readFile(join(root, 'SECURITY.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (?!who +\||-)(.+) \|$/gm)].map(([, row = '']) =>
    row.split(' | ').map((cell) => cell.trim()),
  );
  expect(rows.length).toBeGreaterThan(10);
  for (const [who, , , shownBy] of rows) {
    expect(shownBy, who).toMatch(/\]\([a-z/-]+\.test\.ts\)/);
  }
});
