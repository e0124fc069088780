import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, type Json, openGround } from '../testing/ground.ts';
import { type Body, type Poster, posterTo, query, said } from '../testing/post-job.ts';

let ground: Ground;
let poster: Poster;
beforeAll(async () => {
  ground = await openGround();
  poster = posterTo(ground, await ground.bearer(['jobs:write']));
});
afterAll(() => ground.close());

describe('what is refused', () => {
  const numbers = ['+447911123456'];

  test.each<[string, string, number, unknown, string[]]>([
    [
      'without purpose',
      'invalid_request',
      422,
      { ...said, purpose: undefined, numbers },
      ['/purpose'],
    ],
    [
      'without requested_by',
      'invalid_request',
      422,
      { ...said, requested_by: ' ', numbers },
      ['/requested_by'],
    ],
    [
      'without check and numbers',
      'invalid_request',
      422,
      { purpose: 'p', requested_by: 'r' },
      ['/check', '/numbers'],
    ],
    ['an unknown field', 'invalid_request', 422, { ...said, numbers, colour: 'red' }, ['/colour']],
    [
      'a field named like a number',
      'invalid_request',
      422,
      { ...said, numbers, '447911123456': 1 },
      ['/(unreadable)'],
    ],
    [
      'a column, which JSON has not',
      'invalid_request',
      422,
      { ...said, numbers, column: 'phone' },
      ['/column'],
    ],
    [
      'an amount as a number',
      'invalid_request',
      422,
      { ...said, max_cost: 2.5, numbers },
      ['/max_cost'],
    ],
    [
      'numbers that are no array',
      'invalid_request',
      422,
      { ...said, numbers: '+447911123456' },
      ['/numbers'],
    ],
    ['an array', 'invalid_request', 422, numbers, ['']],
    ['no JSON', 'malformed_request', 400, '{"check":', []],
    [
      'JSON with something behind it',
      'malformed_request',
      400,
      `${JSON.stringify({ ...said, numbers })}}`,
      [],
    ],
    ['numbers twice', 'malformed_request', 400, '{"numbers":["+447911123456"],"numbers":[]}', []],
    [
      'numbers twice, once with an escape',
      'malformed_request',
      400,
      `${JSON.stringify({ ...said, numbers }).slice(0, -1)},"\\u006eumbers":["+447911123457"]}`,
      [],
    ],
    ['a cut array', 'not_json', 422, '{"check":"telegram","numbers":["+447911123456",', []],
    [
      'a region after the numbers',
      'option_after_numbers',
      422,
      { ...said, numbers, default_region: 'GB' },
      ['/default_region'],
    ],
    [
      'a region that is none',
      'unknown_region',
      422,
      { ...said, default_region: 'XX', numbers },
      [],
    ],
    ['an unknown check', 'unknown_check', 422, { ...said, check: 'fax', numbers }, []],
    ['an unknown account', 'unknown_account', 422, { ...said, account: 'gamma', numbers }, []],
    [
      'an account without the check',
      'check_not_offered',
      422,
      { ...said, account: 'beta', numbers },
      [],
    ],
    [
      'a check without default account',
      'no_account_for_check',
      422,
      { ...said, check: 'viber', numbers },
      [],
    ],
    ['no number', 'empty', 422, { ...said, numbers: [] }, []],
    ['fields of 70 KB', 'body_too_large', 413, { ...said, name: 'x'.repeat(70_000), numbers }, []],
  ])('%s: %s', async (_what, code, status, sent, pointers) => {
    const before = await poster.jobCount();
    const { response, body } = await poster.postJson(sent);
    expect([response.status, body.code]).toEqual([status, code]);
    expect((body.errors ?? []).map((error: Json) => error.pointer)).toEqual(pointers);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(body.instance).toBe(`urn:uuid:${response.headers.get('x-request-id')}`);
    expect(await poster.jobCount()).toBe(before);
  });

  test.each<[string, string, Body, Record<string, string>, URLSearchParams | null]>([
    [
      'a content type of another world',
      'unsupported_media_type',
      '<x/>',
      { 'content-type': 'text/xml' },
      null,
    ],
    [
      'JSON in gzip',
      'unsupported_media_type',
      '{}',
      { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      null,
    ],
    [
      'a program',
      'unsupported_format',
      '\u007fELF\u0002\u0001\u0001\u0000',
      { 'content-type': 'text/plain' },
      query,
    ],
    [
      'what begins as a zip and is none',
      'bad_xlsx',
      'PK\u0003\u0004 and so on',
      { 'content-type': 'text/csv' },
      query,
    ],
    [
      'options in the query of a JSON body',
      'invalid_request',
      '{}',
      { 'content-type': 'application/json' },
      query,
    ],
    [
      'a raw body without options',
      'invalid_request',
      '+447911123456',
      { 'content-type': 'text/csv' },
      null,
    ],
    [
      'a wrong column',
      'unknown_column',
      'a,b\n1,+447911123456\n',
      { 'content-type': 'text/csv' },
      new URLSearchParams({ ...said, column: '+447911123456' }),
    ],
    [
      'a cut gzip',
      'bad_gzip',
      gzipSync('+447911123456\n'.repeat(500)).subarray(0, 60),
      { 'content-type': 'application/gzip' },
      query,
    ],
    [
      'a bad Idempotency-Key',
      'invalid_request',
      '+447911123456',
      { 'content-type': 'text/csv', 'idempotency-key': 'two words' },
      query,
    ],
    ['a line of 5 KB', 'line_too_long', 'x'.repeat(5_000), { 'content-type': 'text/plain' }, query],
    [
      'too many lines',
      'too_many_lines',
      '+447911123456\n'.repeat(100_001),
      { 'content-type': 'text/plain' },
      query,
    ],
    [
      'too many bytes, inflated',
      'too_many_bytes',
      gzipSync(`${' '.repeat(99)}\n`.repeat(50_000)),
      { 'content-type': 'text/plain' },
      query,
    ],
    [
      'too many bytes, announced',
      'body_too_large',
      'x\n'.repeat(3_000_000),
      { 'content-type': 'text/plain' },
      query,
    ],
  ])('%s: %s', async (_what, code, sent, headers, search) => {
    const before = await poster.jobCount();
    const { response, body } = await poster.post(sent, headers, search);
    expect(body.code).toBe(code);
    expect(response.status).toBe(body.status);
    expect(JSON.stringify(body)).not.toContain('7911123456');
    expect(await poster.jobCount()).toBe(before);
  });

  test('options in the query of a JSON body are told one thing, and an array how to send it', async () => {
    const headers = { 'content-type': 'application/json' };
    const { body: misplaced } = await poster.post('{}', headers, query);
    expect(new Set(misplaced.errors.map((error: Json) => error.message))).toEqual(
      new Set(['options of this form belong in the body']),
    );
    const { body } = await poster.post(' ["+447911123456"]', headers, query);
    expect(body.errors).toEqual([
      {
        in: 'body',
        pointer: '',
        message: expect.stringContaining('needs Content-Type application/octet-stream'),
      },
    ]);
  });

  test('a form whose parts are not what they should be', async () => {
    const with_ = (...fields: [string, string | Blob][]) => {
      const form = new FormData();
      for (const [name, value] of [...Object.entries(said), ...fields]) form.append(name, value);
      return form;
    };
    const file = new Blob(['+447911123456\n']);
    const codes = async (form: FormData) => {
      const { body } = await poster.post(form);
      return [body.code, ...(body.errors ?? []).map((error: Json) => error.pointer)];
    };
    expect(await codes(with_())).toEqual(['invalid_request', '/file']);
    expect(await codes(with_(['other', file]))).toEqual(['invalid_request', '/other']);
    expect(await codes(with_(['file', file], ['file', file]))).toEqual([
      'invalid_request',
      '/file',
    ]);
    expect(await codes(with_(['check', 'viber'], ['file', file]))).toEqual([
      'invalid_request',
      '/check',
    ]);
    expect(await codes(with_(['file', file], ['column', '1']))).toEqual([
      'option_after_numbers',
      '/column',
    ]);
    expect(await codes(with_(['colour', 'red'], ['file', file]))).toEqual([
      'invalid_request',
      '/colour',
    ]);
  });

  test('a form that is cut before its last boundary', async () => {
    const cut = '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n+4479111';
    const { response, body } = await poster.post(cut, {
      'content-type': 'multipart/form-data; boundary=b',
    });
    expect([response.status, body.code]).toEqual([400, 'malformed_request']);
  });
});
