import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, openGround } from '../testing/ground.ts';
import { type Body, type Poster, posterTo, query, said } from '../testing/post-job.ts';

let ground: Ground;
let poster: Poster;
beforeAll(async () => {
  ground = await openGround();
  poster = posterTo(ground, await ground.bearer(['jobs:write']));
});
afterAll(() => ground.close());

async function numbersOf(jobId: string): Promise<number[]> {
  const { rows } = await ground.database.query<{ number: number }>(
    'SELECT number FROM store.job_numbers n JOIN store.jobs j USING (job_no) WHERE j.id = $1 ORDER BY number',
    [jobId],
  );
  return rows.map((row) => row.number);
}

describe('the three forms', () => {
  test('a JSON body makes a job, and says what became of every line', async () => {
    const { response, body } = await poster.postJson({
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
      money: {
        currency: 'USD',
        max_cost: '2.5',
        cost: '0',
        reserved: '0',
        at_risk: '0',
        written_off: '0',
      },
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
    const { response, body } = await poster.post(form);
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
    const { response, body } = await poster.post(upload as Body, { 'content-type': type }, query);
    expect(body).toMatchObject({ counts: { lines: 2, accepted: 2, duplicates: 0, rejected: 0 } });
    expect(response.status).toBe(202);
    expect(await numbersOf(body.id)).toEqual([447911123456, 4915123456789]);
  });

  test('the upload is kept, and how it was read', async () => {
    const upload = 'id,phone\n1,+447911123456\n';
    const { body } = await poster.post(upload, { 'content-type': 'text/csv' }, query);
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
    const { body } = await poster.post(ReadableStream.from(pieces()) as Body, {
      'content-type': 'application/json',
    });
    expect(body).toMatchObject({ name: 'cut [] {} "numbers":', counts: { lines: 20_000 } });
  });
});
