import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
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

function problemsOf(text: string, env: Record<string, string> = keys): readonly string[] {
  const read = readAccounts(text, env, { withKeys: true });
  return read.ok ? [] : read.problems;
}

describe('a problem names its place, what is wrong and what to do', () => {
  const ekycpro = ['accounts', 'ekycpro'];
  const tg = [...ekycpro, 'checks', 'telegram'];
  test.for<[string, readonly string[], unknown, string]>([
    [
      'an unknown adapter',
      [...ekycpro, 'adapter'],
      'tasks-v2',
      'accounts.ekycpro.adapter: write one of tasks-v1',
    ],
    [
      'a misspelt setting',
      [...ekycpro, 'curency'],
      'USD',
      'accounts.ekycpro: unknown setting curency; remove it',
    ],
    [
      'plain http',
      [...ekycpro, 'base_url'],
      'http://api.ekycpro.com',
      'accounts.ekycpro.base_url: must be https',
    ],
    [
      'a user in the URL',
      [...ekycpro, 'base_url'],
      'https://u:p@api.ekycpro.com',
      'accounts.ekycpro.base_url: has a user name',
    ],
    ['no URL', [...ekycpro, 'base_url'], 'api.ekycpro.com', 'accounts.ekycpro.base_url: not a URL'],
    [
      'a key in the file',
      [...ekycpro, 'key_env'],
      'ab-cd-ef',
      'accounts.ekycpro.key_env: write the name of an environment variable',
    ],
    [
      'two keys',
      [...ekycpro, 'key_file'],
      '/run/key',
      'accounts.ekycpro.key_env: name the key by exactly one',
    ],
    [
      'no key',
      [...ekycpro, 'key_env'],
      undefined,
      'accounts.ekycpro.key_env: name the key by exactly one',
    ],
    [
      'a chunk below the minimum',
      [...tg, 'min_numbers'],
      60_000,
      'checks.telegram.chunk_size: is below min_numbers',
    ],
    [
      'a chunk above the maximum',
      [...tg, 'max_numbers'],
      10_000,
      'checks.telegram.chunk_size: is above max_numbers',
    ],
    [
      'a chunk over a million',
      [...tg, 'chunk_size'],
      1_000_001,
      'checks.telegram.chunk_size: at most 1000000',
    ],
    ['no price', [...tg, 'price_per_number'], undefined, 'checks.telegram.price_per_number: '],
    [
      'a price in words',
      [...tg, 'price_per_number'],
      'cheap',
      'checks.telegram.price_per_number: not an amount',
    ],
    [
      'a negative price',
      [...tg, 'price_per_number'],
      '-1',
      'checks.telegram.price_per_number: not an amount',
    ],
    [
      'a wait without a unit',
      [...ekycpro, 'poll', 'floor'],
      5,
      'accounts.ekycpro.poll.floor: write a duration',
    ],
    [
      'a floor above the ceiling',
      [...ekycpro, 'poll', 'floor'],
      '2h',
      'accounts.ekycpro.poll.ceiling: is below',
    ],
    [
      'a ceiling above the deadline',
      [...ekycpro, 'poll', 'deadline'],
      '1s',
      'accounts.ekycpro.poll.deadline: is below',
    ],
    [
      'an upload of a minute',
      [...ekycpro, 'upload_deadline'],
      '1m',
      'accounts.ekycpro.upload_deadline: must be above 0 and at most 20s',
    ],
    [
      'a result host with a scheme',
      [...ekycpro, 'result_hosts'],
      ['https://a.com'],
      'accounts.ekycpro.result_hosts.0: write a host',
    ],
    [
      'an unknown verdict',
      [...tg, 'verdict_words'],
      { maybe: 'perhaps' },
      'verdict_words.maybe: write one of registered',
    ],
    [
      'a verdict word in capitals',
      [...tg, 'verdict_words'],
      { JA: 'registered' },
      'write it in lower case',
    ],
    [
      'semantics that webcom leaves open',
      ['accounts', 'webcom', 'checks', 'viber', 'result_semantics'],
      undefined,
      'accounts.webcom.checks.viber.result_semantics: webcom does not',
    ],
    [
      'simple-tasks without a path',
      ['accounts', 'ekycpro-facebook', 'path_prefix'],
      undefined,
      'accounts.ekycpro-facebook.path_prefix: simple-tasks needs it',
    ],
    [
      'a path where none is',
      [...ekycpro, 'path_prefix'],
      '/fb',
      'accounts.ekycpro.path_prefix: is for simple-tasks only',
    ],
    [
      'a default that nobody has',
      ['defaults', 'telegram'],
      'acme',
      'defaults.telegram: no account acme',
    ],
    [
      'a default that does not offer it',
      ['defaults', 'telegram'],
      'checknumber',
      'defaults.telegram: account checknumber does not offer it',
    ],
    [
      'a default that is not enabled',
      ['accounts', 'checknumber', 'enabled'],
      false,
      'defaults.twitter: account checknumber is not enabled',
    ],
    ['an id in capitals', ['accounts', 'Acme'], {}, 'accounts.Acme: name an account in lower case'],
  ])('%s', ([, path, value, expected]) => {
    expect(problemsOf(shippedWith(path, value))).toContainEqual(expect.stringContaining(expected));
  });

  test('a maximum that leaves job sizes without legal chunks', () => {
    const document = parseDocument(shippedWith([...tg, 'min_numbers'], 40_000));
    document.setIn([...tg, 'max_numbers'], 79_998);
    expect(problemsOf(document.toString())).toEqual([
      'accounts.ekycpro.checks.telegram.max_numbers: must be at least 79999 (2 · min_numbers − 1)',
    ]);
  });

  test('an account that stands twice', () => {
    const [problem] = problemsOf(`${shipped}\n  webcom: {}\n`);
    expect(problem).toMatch(/Map keys must be unique at line \d+/);
  });

  test.for(['accounts: [', '', 'a: *nothing', '- 1'])(
    'text that is no accounts file: %j',
    (text) => {
      expect(problemsOf(text).length).toBeGreaterThan(0);
    },
  );

  test('aliases that multiply without end', () => {
    const rows = Array.from(
      { length: 12 },
      (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`,
    );
    expect(problemsOf(`a0: &a0 [x]\n${rows.join('\n')}`)[0]).toMatch(/alias/i);
  });

  test('all at once, with the keys that are missing', () => {
    const document = parseDocument(shippedWith([...tg, 'min_numbers'], 60_000));
    document.setIn(['defaults', 'coinw'], 'acme');
    expect(problemsOf(document.toString(), { WEBCOM_TOKEN: 'bad key' })).toEqual([
      'accounts.ekycpro.checks.telegram.chunk_size: is below min_numbers 60000; raise it',
      'defaults.coinw: no account acme; name one of the accounts below',
      expect.stringMatching(/^accounts\.webcom\.key_env: the key has spaces/),
      expect.stringMatching(/^accounts\.ekycpro\.key_env: EKYCPRO_API_KEY is not set/),
      expect.stringMatching(/^accounts\.checknumber\.key_env: CHECKNUMBER_API_KEY is not set/),
      expect.stringMatching(/^accounts\.ekycpro-facebook\.key_env: EKYCPRO_API_KEY is not set/),
    ]);
  });
});
