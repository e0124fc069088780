import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { keptBody, scrub } from './evidence.ts';

describe('scrub', () => {
  test.for([
    ['+12025550123 is not valid', '<number> is not valid'],
    ['12025550123', '<digits>'],
    ['1234567', '<digits>'],
    ['123456', '123456'],
    ['call +1 (202) 555-0123 now', 'call <number> now'],
    ['+1.202.555.0123', '<number>'],
    ['44 7911 123456', '<number>'],
    ['(0151) 12 34 56 78', '(<number>'],
    ['06.12.34.56.78', '<number>'],
    ['202\u2011555\u20110123', '<number>'],
    ['٠١٢٣٤٥٦٧٨', '<digits>'],
    ['at least 500, got 120', 'at least 500, got 120'],
    ['2024-10-19T18:24:56Z', '2024-10-19T18:24:56Z'],
    ['2024-10-19T18:24:56.450567423Z', '2024-10-19T18:24:56.450567423Z'],
    ['att_01901234-5678-7012-9123-456789012345', 'att_01901234-5678-7012-9123-456789012345'],
    ['line\nnext\ttab', 'line\nnext\ttab'],
    ['a\u0000b\u001b[31mc\u0085', 'a\ufffdb\ufffd[31mc\ufffd'],
    ['\ud800', '\ufffd'],
  ])('makes %j fit to keep', ([text = '', expected]) => {
    expect(scrub(text, '')).toBe(expected);
  });

  test('masks the key wherever it stands', () => {
    expect(scrub('bad key s3cr3t: s3cr3t', 's3cr3t')).toBe('bad key <key>: <key>');
  });

  test('leaves no half of a number at its end', () => {
    expect(scrub(`${'x'.repeat(1_995)}+12025550123`, '')).not.toMatch(/\d/);
  });
});

describe('a body that is kept', () => {
  const raw = (text: string, key: string) =>
    Buffer.from(keptBody(Buffer.from(text), key, true).rawBody ?? []).toString();

  test('has stars for the key, byte for byte, and is otherwise as it came', () => {
    expect(raw('bad key s3cr3t: s3cr3t \u0000', 's3cr3t')).toBe('bad key ******: ****** \u0000');
  });

  test('has stars for the key as JSON and URLs write it', () => {
    expect(raw('{"key":"a\\/b+c"} ?k=a%2Fb%2Bc', 'a/b+c')).toBe('{"key":"******"} ?k=*********');
  });

  test('keeps no half of a key where the answer was cut', () => {
    expect(raw('X-API-Key: s3cr', 's3cr3t')).toBe('X-API-Key: ****');
    const long = `${'x'.repeat(64 * 1024 - 4)}s3cr3t`;
    expect(raw(long, 's3cr3t')).not.toContain('s3c');
    const { bodyExcerpt } = keptBody(Buffer.from(`${'1'.repeat(3_996)}s3cr3t`), 's3cr3t', true);
    expect(bodyExcerpt).not.toContain('s3c');
  });

  test('is left alone where there is no key', () => {
    expect(raw('as it came', '')).toBe('as it came');
  });
});

describe('the query of a URL, by which whoever has it can fetch the file,', () => {
  const secret = 'X-Amz-Signature=0a1b2c&X-Amz-Credential=AKIA/us';
  test.for([
    ['stands in a status', `{"result_url":"https://b.example/t/a.zip?${secret}","n":1}`],
    ['stands there as PHP writes it', `{"u":"https:\\/\\/b.example\\/t\\/a.zip?${secret}"}`],
    [
      'stands there as Go writes it',
      `{"u":"https://b.example/a.zip?${secret.replace('&', '\\u0026')}"}`,
    ],
    ['is in a page', `<a href="https://b.example/a.zip?${secret}">a</a>`],
    ['is repeated without its host', `GET /t/a.zip?${secret} HTTP/1.1`],
    [
      'is a parameter itself',
      `to=https%3A%2F%2Fb%2Fa%3FX-Amz-Signature%3D0a1b2c%26X-Amz-Credential%3DAKIA`,
    ],
    ['is of the older kind', '/a.zip?AWSAccessKeyId=AKIA0a1b2c&Expires=1&Signature=0a1b2c%3D'],
    [
      'goes on after 2,000 characters',
      `{"u":"https://b.example/a.zip?q=${'x'.repeat(5_000)}0a1b2c"}`,
    ],
  ])('is not kept where it %s', ([, text = '']) => {
    const { bodyExcerpt, rawBody } = keptBody(Buffer.from(text), '', true);
    const kept = `${bodyExcerpt} ${Buffer.from(rawBody ?? []).toString()}`;
    expect(kept).not.toMatch(/0a1b2c|AKIA/);
    expect(kept).toContain('*');
  });

  test('leaves the bytes around it as they came', () => {
    const bytes = Buffer.from('{"ä":"https://b.example/a.zip?abc","n":"ö?x"}');
    const { rawBody } = keptBody(bytes, '', true);
    expect(Buffer.from(rawBody ?? []).toString()).toBe(
      '{"ä":"https://b.example/a.zip?***","n":"ö?x"}',
    );
  });

  // The timeout is there to end what would take an hour.
  test.for([
    'http://',
    'https:\\/\\/',
    'https://b.example/a.zip?q#',
    '&Signature',
    'X-Amz-Signature=',
  ])('is looked for once in an answer of a mebibyte of %s', (repeated) => {
    const body = Buffer.from(repeated.repeat(1_048_576 / repeated.length));
    const look = () => keptBody(body, 's3cr3t', true);
    expect(runInNewContext('look()', { look }, { timeout: 60_000 }).rawBody).toHaveLength(65_536);
  });
});
