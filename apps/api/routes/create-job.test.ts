import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, type Json, openGround } from '../testing/ground.ts';

let ground: Ground;
let authorization: string;
beforeAll(async () => {
  ground = await openGround();
  authorization = await ground.bearer(['jobs:write', 'jobs:read', 'results:read']);
});
afterAll(() => ground.close());

type BodyInit = NonNullable<RequestInit['body']>;

const said = { check: 'telegram', purpose: 'a test', requested_by: 'vitest' };
const query = new URLSearchParams(said);

async function post(
  body: BodyInit,
  headers: Record<string, string> = {},
  search: URLSearchParams | '' = '',
): Promise<{ response: Response; body: Json }> {
  const response = await fetch(`${ground.url}/v1/jobs?${search}`, {
    method: 'POST',
    headers: { authorization, ...headers },
    body,
    duplex: 'half',
  });
  return { response, body: await response.json() };
}

function postJson(body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return post(text, { 'content-type': 'application/json', ...headers });
}

async function numbersOf(jobId: string): Promise<number[]> {
  const { rows } = await ground.database.query<{ number: number }>(
    'SELECT number FROM store.job_numbers n JOIN store.jobs j USING (job_no) WHERE j.id = $1 ORDER BY number',
    [jobId],
  );
  return rows.map((row) => row.number);
}

async function jobCount(): Promise<number> {
  const { rows } = await ground.database.query<{ jobs: number }>(
    'SELECT count(*) AS jobs FROM store.jobs',
  );
  return rows[0]?.jobs ?? -1;
}

describe('the three forms', () => {
  test('a JSON body makes a job, and says what became of every line', async () => {
    const { response, body } = await postJson({
      ...said,
      numbers: ['+447911123456', '+49 1512 3456789', '+447911123456', 'nobody', 12],
      name: 'first',
      max_cost: '2.50',
      priority: 5,
    });
    expect(body).toMatchObject({
      name: 'first',
      check: 'telegram',
      account: 'alpha',
      state: 'planning',
      priority: 5,
      counts: { lines: 5, accepted: 2, duplicates: 1, rejected: 2, answered: 0, pending: 2 },
      progress: 0,
      eta_seconds: null,
      money: { currency: 'USD', max_cost: '2.5', cost: '0', reserved: '0', at_risk: '0' },
      attention: [],
    });
    expect(response.status).toBe(202);
    expect(response.headers.get('location')).toBe(`/v1/jobs/${body.id}`);
    expect(await numbersOf(body.id)).toEqual([447911123456, 4915123456789]);
  });

  test('a form with a file makes a job, options before or after the file', async () => {
    const form = new FormData();
    form.append('check', said.check);
    form.append('default_region', 'GB');
    form.append('file', new Blob(['phone,who\n07911 123456,a\n+4915123456789,b\n']), '../../etc/x');
    form.append('purpose', said.purpose);
    form.append('requested_by', said.requested_by);
    form.append('priority', '-3');
    const { response, body } = await post(form);
    expect(body).toMatchObject({ priority: -3, counts: { lines: 2, accepted: 2 } });
    expect(response.status).toBe(202);
    expect(await numbersOf(body.id)).toEqual([447911123456, 4915123456789]);
  });

  test.each([
    ['text/csv', 'n;phone\n1;+447911123456\n2;+4915123456789\n'],
    ['text/plain', '+447911123456\r\n\r\n+4915123456789'],
    ['application/gzip', gzipSync('+447911123456\n+4915123456789\n')],
    ['application/octet-stream', '["+447911123456","+4915123456789"]'],
  ])('a raw %s body makes a job with the options of the query string', async (type, upload) => {
    const { response, body } = await post(upload as BodyInit, { 'content-type': type }, query);
    expect(body).toMatchObject({ counts: { lines: 2, accepted: 2, duplicates: 0, rejected: 0 } });
    expect(response.status).toBe(202);
    expect(await numbersOf(body.id)).toEqual([447911123456, 4915123456789]);
  });

  test('the upload is kept, and how it was read', async () => {
    const upload = 'id,phone\n1,+447911123456\n';
    const { body } = await post(upload, { 'content-type': 'text/csv' }, query);
    const { rows } = await ground.database.query(
      'SELECT b.byte_count, b.kind, j.upload FROM store.blobs b JOIN store.jobs j USING (job_no) WHERE j.id = $1',
      [body.id],
    );
    expect(rows).toEqual([
      {
        byte_count: upload.length,
        kind: 'upload',
        upload: { format: 'csv', header: ['id', 'phone'], column: { index: 2, name: 'phone' } },
      },
    ]);
  });

  test('a JSON array is read while it arrives, wherever the network cuts it', async () => {
    const numbers = Array.from(
      { length: 20_000 },
      (_, at) => `+4479111${String(at).padStart(5, '0')}`,
    );
    const text = JSON.stringify({ ...said, numbers, name: 'cut [] {} "numbers":' });
    async function* pieces() {
      for (let at = 0; at < text.length; at += 7_919) {
        yield Buffer.from(text.slice(at, at + 7_919));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const { body } = await post(ReadableStream.from(pieces()) as BodyInit, {
      'content-type': 'application/json',
    });
    expect(body).toMatchObject({ name: 'cut [] {} "numbers":', counts: { lines: 20_000 } });
  });
});

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
    const before = await jobCount();
    const { response, body } = await postJson(sent);
    expect([response.status, body.code]).toEqual([status, code]);
    expect((body.errors ?? []).map((error: Json) => error.pointer)).toEqual(pointers);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(body.instance).toBe(`urn:uuid:${response.headers.get('x-request-id')}`);
    expect(await jobCount()).toBe(before);
  });

  test.each<[string, string, BodyInit, Record<string, string>, URLSearchParams | '']>([
    [
      'a content type of another world',
      'unsupported_media_type',
      '<x/>',
      { 'content-type': 'text/xml' },
      '',
    ],
    [
      'JSON in gzip',
      'unsupported_media_type',
      '{}',
      { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      '',
    ],
    [
      'a zip',
      'unsupported_format',
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
      '',
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
      gzipSync('+447911123456\n'.repeat(500)).subarray(0, 60) as unknown as BodyInit,
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
      gzipSync(`${' '.repeat(99)}\n`.repeat(50_000)) as unknown as BodyInit,
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
    const before = await jobCount();
    const { response, body } = await post(sent, headers, search);
    expect(body.code).toBe(code);
    expect(response.status).toBe(body.status);
    expect(JSON.stringify(body)).not.toContain('7911123456');
    expect(await jobCount()).toBe(before);
  });

  test('a form whose parts are not what they should be', async () => {
    const with_ = (...fields: [string, string | Blob][]) => {
      const form = new FormData();
      for (const [name, value] of [...Object.entries(said), ...fields]) form.append(name, value);
      return form;
    };
    const file = new Blob(['+447911123456\n']);
    const codes = async (form: FormData) => {
      const { body } = await post(form);
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

  test('fewer numbers than the account takes, with what the upload held', async () => {
    const before = await jobCount();
    const { response, body } = await postJson({
      ...said,
      check: 'whatsapp',
      numbers: ['+447911123456', '+447911123456', '+4915123456789', 'x'],
    });
    expect(response.status).toBe(422);
    expect(body).toMatchObject({
      code: 'too_few_numbers',
      counts: { minimum: 3, lines: 4, accepted: 2, duplicates: 1, rejected: 1 },
    });
    expect(await jobCount()).toBe(before);
  });

  test('a form that is cut before its last boundary', async () => {
    const cut = '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n+4479111';
    const { response, body } = await post(cut, {
      'content-type': 'multipart/form-data; boundary=b',
    });
    expect([response.status, body.code]).toEqual([400, 'malformed_request']);
  });
});
