import { expect, test } from 'vitest';
import { readSuppressionSecrets } from './read-suppression-secrets.ts';

const secret = 'x'.repeat(32);
const another = 'y'.repeat(64);

test('the first pair is current, and pairs stand behind commas or in lines', () => {
  const secrets = [
    { id: '2024', secret },
    { id: 'old', secret: another },
  ];
  expect(readSuppressionSecrets(`2024:${secret},old:${another}`)).toEqual({ ok: true, secrets });
  expect(readSuppressionSecrets(`2024:${secret}\n old:${another}\n`)).toEqual({
    ok: true,
    secrets,
  });
  expect(readSuppressionSecrets(null)).toEqual({ ok: true, secrets: [] });
});

test.each([
  ['no id', secret],
  ['a short secret', `a:${'x'.repeat(31)}`],
  ['an id twice', `a:${secret},a:${another}`],
  ['a secret twice', `a:${secret},b:${secret}`],
  ['an id that is none', `A b:${secret}`],
])('%s is refused, and the problem does not quote it', (_, text) => {
  const read = readSuppressionSecrets(text);
  expect(read).toMatchObject({ ok: false });
  expect(JSON.stringify(read)).not.toContain('xxxxxxxx');
});
