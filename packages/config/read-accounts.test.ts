import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument, stringify } from 'yaml';
import { readAccounts } from './read-accounts.ts';

const shipped = readFileSync(join(import.meta.dirname, 'accounts.yaml'), 'utf8');
const keys = { WEBCOM_TOKEN: 'w-key', EKYCPRO_API_KEY: 'e-key', CHECKNUMBER_API_KEY: 'c-key' };

/** The shipped file with one setting changed; undefined removes it. */
function shippedWith(path: readonly string[], value: unknown): string {
  const document = parseDocument(shipped);
  if (value === undefined) document.deleteIn(path);
  else document.setIn(path, value);
  return document.toString();
}

describe('the shipped accounts file', () => {
  const read = readAccounts(shipped, keys, { withKeys: true });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  const { accounts, defaults, keyOf } = read.accounts;

  test.for([
    ['webcom', 'whatsapp', 'WA_cheking'],
    ['webcom', 'viber', 'Viber_cheking'],
    ['webcom', 'telegram', 'Telegram_cheking'],
    ['ekycpro', 'telegram', 'tg'],
    ['ekycpro', 'coinw', 'coinW'],
    ['ekycpro', 'whatsapp', 'ws'],
    ['ekycpro', 'viber', 'viber'],
    ['checknumber', 'twitter', 'Twitter'],
    ['ekycpro-facebook', 'facebook', 'facebook'],
  ])('has %s check %s by %s', ([account = '', check = '', taskType]) => {
    expect(accounts.get(account)?.checks[check]?.taskType).toBe(taskType);
  });

  test('names a default account for every check that it offers', () => {
    const offered = new Set([...accounts.values()].flatMap(({ checks }) => Object.keys(checks)));
    expect(new Set(defaults.keys())).toEqual(offered);
  });

  test("holds webcom's first result, and takes its files as the numbers found", () => {
    expect(accounts.get('webcom')?.semanticsConfirmed).toBe(false);
    expect(accounts.get('webcom')?.checks['viber']?.semantics).toBe('positives_only');
  });

  test('becomes an account with units and money', () => {
    expect(accounts.get('ekycpro-facebook')).toEqual({
      id: 'ekycpro-facebook',
      adapter: 'simple-tasks',
      baseUrl: 'https://api.ekycpro.com',
      currency: 'USD',
      operatedBy: 'default',
      checks: {
        facebook: {
          taskType: 'facebook',
          minNumbers: 100,
          maxNumbers: 10_000_000,
          chunkSize: 20_000,
          pricePerNumber: 1_000_000n,
          semantics: 'table',
          verdictColumns: [],
          verdictWords: {},
        },
      },
      pace: { requestsPerSecond: 2, uploadsInFlight: 1 },
      poll: { floor_ms: 10_000, ceiling_ms: 3_600_000, deadline_ms: 86_400_000 },
      upload_deadline_ms: 20_000,
      download_deadline_ms: 600_000,
      maxResultBytes: 268_435_456,
      resultHosts: ['wapic.s3.ap-southeast-1.amazonaws.com'],
      allowInsecure: false,
      canary: 'ingest',
      semanticsConfirmed: true,
      dailyCap: null,
      monthlyCap: null,
      pathPrefix: '/fb/api/simple',
      userId: null,
    });
  });

  test('gives each account its key, and the accounts hold none', () => {
    expect(keyOf('webcom')).toBe('w-key');
    expect(keyOf('ekycpro-facebook')).toBe('e-key');
    const text = stringify([...accounts.values()]);
    for (const key of Object.values(keys)) expect(text).not.toContain(key);
    expect(() => keyOf('nobody')).toThrow('nobody');
  });

  test('says that its prices are placeholders', () => {
    expect(shipped).toMatch(/EVERY PRICE BELOW IS A PLACEHOLDER/);
  });
});

test('the API process reads the file without keys, and cannot get at any', () => {
  const read = readAccounts(shipped, {}, { withKeys: false });
  if (!read.ok) throw new Error(read.problems.join('\n'));
  expect(read.accounts.accounts.size).toBe(4);
  expect(() => read.accounts.keyOf('webcom')).toThrow('no key was read');
});

test('an account that is not enabled is left out and needs no key', () => {
  const { WEBCOM_TOKEN: _, ...others } = keys;
  const document = parseDocument(shippedWith(['accounts', 'webcom', 'enabled'], false));
  document.setIn(['defaults', 'whatsapp'], 'ekycpro');
  document.setIn(['defaults', 'viber'], 'ekycpro');
  const read = readAccounts(document.toString(), others, { withKeys: true });
  expect(read).toMatchObject({ ok: true });
  expect(read.ok && [...read.accounts.accounts.keys()]).toEqual([
    'ekycpro',
    'checknumber',
    'ekycpro-facebook',
  ]);
});

describe('what describes people', () => {
  const offered = (value: unknown) => {
    const read = readAccounts(
      shippedWith(['accounts', 'webcom', 'special_categories'], value),
      keys,
      {
        withKeys: true,
      },
    );
    return read.ok
      ? read.accounts.accounts.get('webcom')?.checks['viber']?.specialCategories
      : read.problems;
  };

  test('is kept where the account says so, and dropped where it says nothing', () => {
    expect(offered(undefined)).toBeUndefined();
    expect(offered(false)).toBeUndefined();
    expect(offered(['age', 'avatar'])).toEqual(['age', 'avatar']);
    expect(offered(true)).toEqual(['age', 'gender', 'skin_colour', 'ethnicity', 'avatar']);
  });

  test('has names that are known', () => {
    expect(offered(['shoe size'])).toEqual([
      expect.stringContaining('accounts.webcom.special_categories'),
    ]);
  });
});

test('an account says which tenants may use it; all may where it says nothing', () => {
  const tenants = (value: unknown) => {
    const read = readAccounts(shippedWith(['accounts', 'webcom', 'tenants'], value), keys, {
      withKeys: true,
    });
    return read.ok ? read.accounts.accounts.get('webcom')?.tenants : read.problems;
  };
  expect(tenants(undefined)).toBeUndefined();
  expect(tenants(['default', 'sales'])).toEqual(['default', 'sales']);
  expect(tenants([])).toEqual([expect.stringContaining('accounts.webcom.tenants')]);
});

test('an account is operated by the tenant that is named, else by the only one that may use it, else by the first', () => {
  const operator = (tenants: unknown, operatedBy?: string) => {
    const text = shippedWith(['accounts', 'webcom', 'tenants'], tenants);
    const named =
      operatedBy && text.replace(/^ {2}webcom:\n/m, `$&    operated_by: ${operatedBy}\n`);
    const read = readAccounts(named ?? text, keys, { withKeys: true });
    return read.ok ? read.accounts.accounts.get('webcom')?.operatedBy : read.problems;
  };
  expect(operator(undefined)).toBe('default');
  expect(operator(undefined, 'sales')).toBe('sales');
  expect(operator(['sales'])).toBe('sales');
  expect(operator(['default', 'sales'])).toBe('default');
  expect(operator(['default', 'sales'], 'sales')).toBe('sales');
  // Nobody could change it: to its operator it would not be there.
  const problem = [
    expect.stringContaining('accounts.webcom.operated_by: write one of its tenants'),
  ];
  expect(operator(['sales', 'legal'])).toEqual(problem);
  expect(operator(['sales'], 'default')).toEqual(problem);
});
