/** What a privacy officer calls. One file, over 300 lines: a second one would open the API once more. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testDigests } from '../testing/test-digests.ts';
import { addTenant, type Ground, type Json, openGround } from '../testing/ground.ts';

let ground: Ground;
let admin: string;
let foreign: string;
beforeAll(async () => {
  ground = await openGround();
  admin = await ground.bearer(['admin']);
  foreign = await ground.bearer(['admin'], await addTenant(ground.database));
});
afterAll(() => ground.close());

const number = '+447911123456';
const said = { reason: 'a test', requested_by: 'ana' };
const query = new URLSearchParams(said).toString();

async function ask(
  method: string,
  path: string,
  body?: object,
  authorization = admin,
): Promise<{ status: number; body: Json; text: string; headers: Headers }> {
  const response = await fetch(`${ground.url}/v1/${path}`, {
    method,
    headers: { authorization, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const { status, headers } = response;
  return { status, text, headers, body: isJson && text !== '' ? JSON.parse(text) : null };
}

const makeJob = (numbers: readonly string[], authorization = admin) =>
  ask(
    'POST',
    'jobs',
    { check: 'telegram', purpose: 'a test', requested_by: 'ana', numbers },
    authorization,
  );

describe('the suppression list', () => {
  test('takes numbers, counts them and tells none', async () => {
    const numbers = [number, '+447911123457', number];
    expect(await ask('POST', 'suppressions', { numbers, ...said })).toMatchObject({
      status: 200,
      body: { added: 2, known: 0 },
    });
    expect(await ask('POST', 'suppressions', { numbers, ...said })).toMatchObject({
      body: { added: 0, known: 2 },
    });
    const list = await ask('GET', 'suppressions');
    expect(list.body).toMatchObject({
      numbers: 2,
      by_reason: { objection: 2, erasure: 0 },
      by_secret: [{ secret: 'test', current: true, numbers: 2, erased_numbers: 0, receipts: 0 }],
    });
    expect(list.text).not.toContain('7911123456');
    expect((await ask('GET', 'suppressions', undefined, foreign)).body.numbers).toBe(0);
    const { rows } = await ground.database.query(
      'SELECT s::text AS text FROM store.suppressions s',
    );
    expect(JSON.stringify(rows)).not.toContain('7911123456');
  });

  test('is held against a job that comes in: what is on it is accepted, and too few others are refused', async () => {
    const job = await makeJob([number, '+447911123458']);
    expect(job).toMatchObject({ status: 202, body: { counts: { accepted: 2 } } });
    const { rows } = await ground.database.query(
      'SELECT s.number::text AS number FROM store.suppressed_numbers s JOIN store.jobs j ON j.job_no = s.job_no WHERE j.id = $1',
      [job.body.id],
    );
    expect(rows).toEqual([{ number: number.slice(1) }]);
    expect(await makeJob([number])).toMatchObject({
      status: 422,
      body: { code: 'too_few_numbers' },
    });
    // Another tenant's list is another tenant's.
    expect(await makeJob([number], foreign)).toMatchObject({ status: 202 });
  });

  test('lets a number go', async () => {
    for (const [spelling, removed] of [
      [encodeURIComponent('+447911123457'), 1],
      ['447911123457', 0],
    ] as const) {
      expect(await ask('DELETE', `suppressions/${spelling}?${query}`)).toMatchObject({
        status: 200,
        body: { removed },
      });
    }
    expect((await ask('GET', 'suppressions')).body.numbers).toBe(1);
  });

  test('refuses what is no number, and who does not say why', async () => {
    for (const wrong of ['07911123456', '+0447911123456', 'abc']) {
      const refused = await ask('POST', 'suppressions', { numbers: [wrong], ...said });
      expect(refused).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
      expect(refused.text).not.toContain('7911123456');
    }
    expect((await ask('POST', 'suppressions', { numbers: [number] })).status).toBe(422);
    expect((await ask('DELETE', 'suppressions/447911123457')).status).toBe(422);
    expect((await ask('DELETE', 'numbers/447911123457')).status).toBe(422);
  });
});

test('a number in a path that is none is refused with how to write it: nobody takes it for one that is not there', async () => {
  for (const wrong of [
    '07911123482',
    '12',
    'abc',
    '%2B4479',
    '447911123482%20',
    '4479111234821234',
  ]) {
    for (const what of ['numbers', 'suppressions']) {
      const refused = await ask('DELETE', `${what}/${wrong}?${query}`);
      const message = expect.stringMatching('country code first');
      expect([wrong, refused.status, refused.body]).toMatchObject([
        wrong,
        422,
        { code: 'invalid_request', errors: [{ in: 'path', pointer: '/number', message }] },
      ]);
      expect(refused.text).not.toContain('79111234');
    }
  }
});

test('an erasure is asked for, has a receipt without a number, and the number is on the list', async () => {
  // One that objected before: the entry is the erasure's from then on.
  await ask('POST', 'suppressions', { numbers: ['+447911123999'], ...said });
  const asked = await ask('DELETE', `numbers/447911123999?${query}`);
  expect(asked).toMatchObject({
    status: 202,
    body: { state: 'waiting', done_at: null, recipients: [], files: [] },
  });
  expect(asked.headers.get('location')).toBe(`/v1/erasures/${asked.body.id}`);
  expect(asked.body.reference).toEqual({
    secret: 'test',
    hmac_sha256: testDigests.digest('test', 447_911_123_999).toString('hex'),
  });
  expect(asked.text).not.toContain('7911123999');
  expect((await ask('GET', 'suppressions')).body.by_secret).toMatchObject([
    { secret: 'test', erased_numbers: 1, receipts: 0 },
  ]);
  // Again while it waits: the same.
  const again = await ask('DELETE', `numbers/%2B447911123999?${query}`);
  expect(again.body.id).toBe(asked.body.id);
  expect((await ask('GET', `erasures/${asked.body.id}`)).body).toEqual(again.body);
  expect((await ask('GET', `erasures/${asked.body.id}`, undefined, foreign)).status).toBe(404);
  expect((await ask('GET', 'suppressions')).body.by_reason.erasure).toBe(1);
  // It promises that the number is never sent again: that ends by a word of its own alone, and the trail tells it.
  const off = `suppressions/447911123999?${query}`;
  expect(await ask('DELETE', off)).toMatchObject({
    status: 422,
    body: { code: 'invalid_request', errors: [{ in: 'query', pointer: '/erasure' }] },
  });
  expect((await ask('GET', 'suppressions')).body.by_reason.erasure).toBe(1);
  expect(await ask('DELETE', `${off}&erasure=true`)).toMatchObject({ body: { removed: 1 } });
  const told = await ground.database.query(
    "SELECT detail FROM store.audit_trail WHERE action = 'suppression.removed' ORDER BY chain, number DESC LIMIT 1",
  );
  expect(told.rows).toMatchObject([{ detail: { erasure: 'true' } }]);
  const { rows } = await ground.database.query(
    "SELECT action, purpose FROM store.audit_trail WHERE action LIKE 'erasure.%' OR action LIKE 'suppression.%'",
  );
  expect(rows).toContainEqual({ action: 'erasure.asked', purpose: 'a test' });
  expect(ground.logged()).not.toContain('7911123999');
});

describe('the records of processing', () => {
  const today = new Date().toISOString().slice(0, 10);

  test('say why, for whom, how many and how long, and no number', async () => {
    const records = await ask('GET', `processing-records?from=${today}&to=${today}`);
    expect(records.status).toBe(200);
    expect(records.body.data[0]).toMatchObject({
      purpose: 'a test',
      requested_by: 'ana',
      check: 'telegram',
      account: 'alpha',
      recipient: null,
      numbers: 2,
      sent: 0,
      rows_dropped_at: null,
    });
    expect(Date.parse(records.body.data[0].kept_until)).toBeGreaterThan(Date.now());
    expect(records.body).toMatchObject({ erasures: { asked: 1, done: 0 } });
    expect(records.text).not.toMatch(/79111234/);
    // They outlive the numbers, and people write some into their words.
    const words = { purpose: 'asks +44 7911 123456 back', requested_by: 'of 447911123456' };
    const numbers = ['+447911123461', '+447911123462'];
    await ask('POST', 'jobs', { check: 'telegram', ...words, numbers });
    const masked = await ask('GET', `processing-records?from=${today}&to=${today}`);
    expect(masked.body.data.at(-1)).toMatchObject({
      purpose: 'asks [number] back',
      requested_by: 'of [number]',
    });
    records.body.data = masked.body.data;
    const csv = await ask('GET', `processing-records?from=${today}&to=${today}&format=csv`);
    expect(csv.text).not.toMatch(/7911 ?1234/);
    expect(csv.headers.get('content-type')).toMatch('text/csv');
    expect(csv.text.split('\r\n')[0]).toMatch(/^job_id,purpose,requested_by,check/);
    expect(csv.text.trim().split('\r\n')).toHaveLength(1 + records.body.data.length);
  });

  test('are those of the tenant, and of days that make sense', async () => {
    const theirs = await ask(
      'GET',
      `processing-records?from=${today}&to=${today}`,
      undefined,
      foreign,
    );
    expect(theirs.body.data).toHaveLength(1);
    for (const days of [
      'from=2024-02-30&to=2024-03-01',
      'from=2024-03-02&to=2024-03-01',
      'from=2020-01-01&to=2024-03-01',
      'from=2024-03-01',
    ]) {
      expect((await ask('GET', `processing-records?${days}`)).status).toBe(422);
    }
  });
});

test('without a secret the routes say so, and nothing is stored', async () => {
  const bare = await openGround({ withoutSecrets: true });
  try {
    const authorization = await bare.bearer(['admin']);
    const calls: readonly (readonly [string, string, object?])[] = [
      ['POST', 'suppressions', { numbers: [number], ...said }],
      ['DELETE', `suppressions/447911123456?${query}`],
      ['POST', 'suppressions/remove', { numbers: [number], ...said }],
      ['POST', 'erasures', { number, ...said }],
      ['DELETE', `numbers/447911123456?${query}`],
    ];
    for (const [method, path, body] of calls) {
      const response = await fetch(`${bare.url}/v1/${path}`, {
        method,
        headers: { authorization, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      expect([response.status, ((await response.json()) as Json).code]).toEqual([
        409,
        'suppression_not_configured',
      ]);
    }
  } finally {
    await bare.close();
  }
});

test('what retention has dropped is refused as gone, and the job is still told', async () => {
  const { body: job } = await makeJob(['+447911123470', '+447911123471']);
  await ground.database.query("UPDATE store.jobs SET state = 'cancelling' WHERE id = $1", [job.id]);
  await ground.database.query(
    "UPDATE store.jobs SET state = 'cancelled', finished_at = now(), rows_dropped_at = now(), files_dropped_at = now() WHERE id = $1",
    [job.id],
  );
  for (const path of [
    'results',
    'rejects',
    'export?format=csv',
    'export?format=csv&shape=upload',
  ]) {
    const refused = await ask('GET', `jobs/${job.id}/${path}`);
    expect([path, refused.status, refused.body?.code]).toEqual([path, 410, 'rows_dropped']);
  }
  expect(await ask('POST', `jobs/${job.id}/retry`)).toMatchObject({
    status: 410,
    body: { code: 'rows_dropped' },
  });
  expect(await ask('GET', `jobs/${job.id}`)).toMatchObject({
    status: 200,
    body: { state: 'cancelled', counts: { accepted: 2 } },
  });
});

test('an erasure is asked for with the number in the body as in the path, and refused without one', async () => {
  const asked = await ask('POST', 'erasures', { number: '+447911123995', ...said });
  expect(asked).toMatchObject({
    status: 202,
    body: { asked_by: expect.stringMatching(/^key_/), reason: said.reason },
  });
  expect(asked.headers.get('location')).toBe(`/v1/erasures/${asked.body.id}`);
  expect(asked.text).not.toContain('7911123995');
  const inPath = await ask('DELETE', `numbers/447911123995?${query}`);
  expect(inPath.body.id).toBe(asked.body.id);
  for (const body of [said, { number: '07911123995', ...said }, { number: '+447911123995' }]) {
    const refused = await ask('POST', 'erasures', body);
    expect([refused.status, refused.body.code]).toEqual([422, 'invalid_request']);
    expect(refused.text).not.toContain('7911123995');
  }
});

test('several numbers that stand in a body are taken off the list, but none where an erasure put one of them there and nobody says so', async () => {
  const numbers = ['+447911123471', '+447911123472', '+447911123473'] as const;
  await ask('POST', 'suppressions', { numbers: numbers.slice(0, 2), ...said });
  await ask('POST', 'erasures', { number: numbers[2], ...said });
  const before = (await ask('GET', 'suppressions')).body;
  const kept = await ask('POST', 'suppressions/remove', { numbers, ...said });
  expect(kept).toMatchObject({
    status: 422,
    body: { code: 'invalid_request', errors: [{ in: 'body', pointer: '/numbers/2' }] },
  });
  expect(kept.text).not.toContain('79111234');
  expect((await ask('GET', 'suppressions')).body).toEqual(before);
  // Another tenant's is not taken off, nor told.
  expect(await ask('POST', 'suppressions/remove', { numbers, ...said }, foreign)).toMatchObject({
    status: 200,
    body: { removed: 0, unknown: 3 },
  });
  const all = { numbers: [...numbers, numbers[0], '+447911123474'], erasure: true, ...said };
  const off = await ask('POST', 'suppressions/remove', all);
  expect(off).toMatchObject({ status: 200, body: { removed: 3, unknown: 1 } });
  expect(off.text).not.toContain('79111234');
  expect((await ask('GET', 'suppressions')).body.numbers).toBe(before.numbers - 3);
  const told = await ground.database.query(
    "SELECT detail, counts FROM store.audit_trail WHERE action = 'suppression.removed' AND tenant_id = 1 ORDER BY number DESC LIMIT 1",
  );
  expect(told.rows).toEqual([
    { detail: { requested_by: 'ana', erasure: 'true' }, counts: { numbers: 4, removed: 3 } },
  ]);
});

test('to take numbers off the list, a body names some and says who asked and why', async () => {
  for (const wrong of [
    said,
    { numbers: [], ...said },
    { numbers: ['07911123471'], ...said },
    { numbers: ['+447911123471'] },
    { numbers: ['+447911123471'], erasure: false, ...said },
  ]) {
    const refused = await ask('POST', 'suppressions/remove', wrong);
    expect([refused.status, refused.body.code]).toEqual([422, 'invalid_request']);
    expect(refused.text).not.toContain('79111234');
  }
});
