import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { auditActions } from './audit-actions.ts';

test('docs/audit-trail.md lists every action with its meaning, and no other', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/audit-trail.md'), 'utf8');
  const listed = [...page.matchAll(/^\| `([a-z_]+\.[a-z_]+)` +\| (.*?) +\|$/gm)].map(
    ([, action, meaning]) => [action, meaning],
  );
  expect(Object.fromEntries(listed)).toEqual(auditActions);
});
