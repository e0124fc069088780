import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { account, type Ground, layGround, once, row } from '../testing/ground.ts';
import { receive, receivedJob, someNumbers } from '../testing/walk-chunk.ts';
import { postgresBlobs } from './blobs.ts';
import { readRejectReasons } from './read-jobs.ts';
import { receiveJob } from './receive-job.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround(20);
});
afterAll(() => ground.close());

const countAll = `SELECT (SELECT count(*) FROM store.jobs) AS jobs, (SELECT count(*) FROM store.job_numbers) AS numbers,
    (SELECT count(*) FROM store.rejects) AS rejects, (SELECT count(*) FROM store.blobs) AS blobs,
    (SELECT count(*) FROM store.blob_parts) AS parts, (SELECT count(*) FROM store.idempotency_keys) AS keys`;

test('a job is stored with its numbers, rejects and upload, and is due for planning', async () => {
  const upload = Buffer.alloc(2_500_000, 'x');
  const jobId = await receive(ground, someNumbers(3), {
    lines: 7,
    duplicates: 1,
    rejected: 3,
    rejects: once([
      { line: 2, reason: 'too_short', raw: '12' },
      { line: 5, reason: 'too_short', raw: 'tab\tback\\slash\nline' },
      { line: 6, reason: 'not_a_number', raw: 'nul\0\ud800' },
    ]),
    upload: {
      bytes: once(upload),
      encoding: 'identity',
      sha256: new Uint8Array(32),
      byteCount: upload.length,
      reading: { column: 'phone\0' },
    },
  });
  expect(
    await row(
      ground,
      `SELECT state, lines, accepted, duplicates, rejected, due_at <= now() AS due, ring_no, upload FROM store.jobs WHERE id = $1`,
      [jobId],
    ),
  ).toEqual({
    state: 'planning',
    lines: 7,
    accepted: 3,
    duplicates: 1,
    rejected: 3,
    due: true,
    ring_no: 1,
    upload: { column: 'phone\ufffd' },
  });
  const { rows } = await ground.db.query(
    'SELECT line, reason, raw FROM rollcall.rejects WHERE job_id = $1 ORDER BY line',
    [jobId],
  );
  expect(rows).toEqual([
    { line: 2, reason: 'too_short', raw: '12' },
    { line: 5, reason: 'too_short', raw: 'tab\tback\\slash\nline' },
    { line: 6, reason: 'not_a_number', raw: 'nul\ufffd\ufffd' },
  ]);
  expect(await readRejectReasons(ground.db, jobId)).toEqual({ too_short: 2, not_a_number: 1 });
  const day = await row(ground, 'SELECT job_day FROM store.jobs WHERE id = $1', [jobId]);
  const parts: Uint8Array[] = [];
  for await (const part of postgresBlobs(ground.db).read(jobId, String(day['job_day'])))
    parts.push(part);
  expect(parts.map((part) => part.length)).toEqual([1 << 20, 1 << 20, 2_500_000 - (2 << 20)]);
  expect(Buffer.concat(parts).equals(upload)).toBe(true);
});

async function* breaksOff(numbers: Float64Array): AsyncGenerator<Float64Array> {
  yield numbers;
  throw new Error('the upload broke off');
}

describe('all of it is stored, or nothing', () => {
  test.each([
    {
      what: 'the numbers break off',
      change: () => ({ numbers: breaksOff(someNumbers(3)) }),
      error: 'broke off',
    },
    {
      what: 'the numbers are not distinct',
      change: () => ({ numbers: once(Float64Array.of(48_500_000_000, 48_500_000_000)) }),
      error: 'duplicate key',
    },
    {
      what: 'the lines do not add up',
      change: () => ({ lines: 9 }),
      error: 'lines_are_accounted_for',
    },
    {
      what: 'the upload breaks off',
      change: () => {
        const whole = receivedJob(someNumbers(1)).upload;
        return { upload: { ...whole, bytes: breaksOff(someNumbers(1)) as never } };
      },
      error: 'broke off',
    },
  ])('when $what', async ({ change, error }) => {
    const before = await row(ground, countAll);
    const idempotency = { key: `broken ${error}`, fingerprint: new Uint8Array(32) };
    await expect(
      receiveJob(ground.db, receivedJob(someNumbers(3), { idempotency, ...change() })),
    ).rejects.toThrow(error);
    expect(await row(ground, countAll)).toEqual(before);
  });

  test('and the same key may be used again after a failure', async () => {
    const idempotency = { key: 'again', fingerprint: new Uint8Array(32) };
    const broken = receivedJob(someNumbers(3), { idempotency, numbers: breaksOff(someNumbers(3)) });
    await expect(receiveJob(ground.db, broken)).rejects.toThrow('broke off');
    expect(await receiveJob(ground.db, receivedJob(someNumbers(3), { idempotency }))).toMatchObject(
      { kind: 'created' },
    );
  });
});

describe('an idempotency key', () => {
  const fingerprint = new Uint8Array(32);

  test('gives the same job for the same body, and refuses another body', async () => {
    const idempotency = { key: 'once', fingerprint };
    const first = await receiveJob(ground.db, receivedJob(someNumbers(2), { idempotency }));
    expect(first.kind).toBe('created');
    expect(await receiveJob(ground.db, receivedJob(someNumbers(2), { idempotency }))).toEqual({
      kind: 'replayed',
      jobId: 'jobId' in first ? first.jobId : null,
    });
    const other = { key: 'once', fingerprint: new Uint8Array(32).fill(1) };
    expect(
      await receiveJob(ground.db, receivedJob(someNumbers(2), { idempotency: other })),
    ).toEqual({ kind: 'other_body' });
  });

  test('that is being stored is in progress for whoever comes meanwhile', async () => {
    const idempotency = { key: 'slow', fingerprint };
    let goOn = () => {};
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let begun = () => {};
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    async function* slowly(): AsyncGenerator<Float64Array> {
      begun();
      await gate;
      yield someNumbers(2);
    }
    const slow = receiveJob(
      ground.db,
      receivedJob(someNumbers(2), { idempotency, numbers: slowly() }),
    );
    await hasBegun;
    expect(await receiveJob(ground.db, receivedJob(someNumbers(2), { idempotency }))).toEqual({
      kind: 'in_progress',
    });
    goOn();
    expect((await slow).kind).toBe('created');
  });

  test('belongs to a tenant', async () => {
    const { rows } = await ground.db.query<{ id: number }>(
      "INSERT INTO store.tenants (name) VALUES ('another') RETURNING id",
    );
    const idempotency = { key: 'shared', fingerprint };
    for (const tenantId of [1, rows[0]?.id ?? 0]) {
      expect(
        await receiveJob(ground.db, receivedJob(someNumbers(1), { idempotency, tenantId })),
      ).toMatchObject({ kind: 'created' });
    }
  });

  test('makes one job of a hundred requests at once, and their retries', async () => {
    const idempotency = { key: 'hundred', fingerprint };
    const name = 'the only one';
    const request = async (): Promise<string> => {
      for (;;) {
        const received = await receiveJob(
          ground.db,
          receivedJob(someNumbers(50), { idempotency, name }),
        );
        if (received.kind === 'created' || received.kind === 'replayed') return received.jobId;
        if (received.kind === 'other_body') throw new Error('it was the same body');
      }
    };
    const jobs = await Promise.all(Array.from({ length: 100 }, request));
    expect(new Set(jobs).size).toBe(1);
    const made = 'SELECT count(*) AS jobs FROM store.jobs WHERE name = $1';
    expect(await row(ground, made, [name])).toEqual({ jobs: 1 });
  });
});

test('a job of no numbers is stored like any other', async () => {
  const jobId = await receive(ground, someNumbers(0), {
    rejected: 1,
    lines: 1,
    rejects: once([{ line: 1, reason: 'not_a_number', raw: '?' }]),
  });
  expect(await row(ground, 'SELECT lines_ok FROM rollcall.audit($1)', [jobId])).toEqual({
    lines_ok: true,
  });
});

test('account, price and tenant stand on the job as they were given', async () => {
  const jobId = await receive(ground, someNumbers(1), { priority: 7, name: 'n' });
  expect(
    await row(
      ground,
      'SELECT account, currency, tenant_id, priority, name FROM store.jobs WHERE id = $1',
      [jobId],
    ),
  ).toEqual({ account: account.id, currency: 'USD', tenant_id: 1, priority: 7, name: 'n' });
});
