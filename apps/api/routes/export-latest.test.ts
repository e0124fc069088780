import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerJob } from '../testing/answer-job.ts';
import { exportOf } from '../testing/export-of.ts';
import { type Ground, type Json, openGround } from '../testing/ground.ts';
import { posterTo, query } from '../testing/post-job.ts';

let ground: Ground;
let authorization: string;
let root: string;
let retry: string;
beforeAll(async () => {
  ground = await openGround();
  authorization = await ground.bearer(['admin']);
  const lines = Array.from({ length: 30 }, (_, at) => `+4479111230${String(at).padStart(2, '0')}`);
  const stored = await posterTo(ground, authorization).post(
    `${lines.join('\n')}\nnobody\n${lines[3]}\n`,
    { 'content-type': 'text/plain' },
    query,
  );
  root = stored.body.id;
  await answerJob(ground.database, root, (number) => {
    const outcome = ['registered', 'missing', 'failed'][number % 3] ?? '';
    return { outcome, ...(outcome === 'registered' && { attributes: { name: 'first' } }) };
  });
  retry = await retryOf(root);
  await answerJob(ground.database, retry, (number) =>
    number % 2 === 0
      ? { outcome: 'not_registered', attributes: { age: '7' } }
      : { outcome: number % 5 === 0 ? 'cancelled' : 'missing' },
  );
});
afterAll(() => ground.close());

async function retryOf(jobId: string): Promise<string> {
  const response = await fetch(`${ground.url}/v1/jobs/${jobId}/retry`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ approval: { why: 'a test', cost_ceiling: '10' } }),
  });
  const body = (await response.json()) as Json;
  expect([response.status, body.detail]).toEqual([202, undefined]);
  return body.id;
}

describe('the latest answers', () => {
  test('are those of the view, row by row', async () => {
    const { rows } = await ground.database.query(
      `SELECT number, outcome, attributes, account, source, trim_scale(cost)::text AS cost, checked_at, answered_by
         FROM rollcall.latest_results WHERE job_id = $1 ORDER BY number`,
      [root],
    );
    const { objects } = await exportOf(ground, authorization, root, 'latest=true&format=ndjson');
    const ofView = rows.map((row: Json) => ({ ...row, checked_at: row.checked_at.toISOString() }));
    expect(objects()).toEqual(ofView);
    expect(new Set(objects().map(({ answered_by }) => answered_by))).toEqual(
      new Set([root, retry]),
    );
    expect(new Set(objects().map(({ outcome }) => outcome))).toEqual(
      new Set(['registered', 'not_registered', 'missing', 'failed']),
    );
  });

  test('are filtered by what they are in the end, with the columns of all jobs', async () => {
    const { cells } = await exportOf(
      ground,
      authorization,
      root,
      'latest=true&outcome=not_registered',
    );
    const [header, ...rows] = cells();
    expect(header?.slice(2, 4)).toEqual(['age', 'name']);
    expect(rows).toHaveLength(10);
    expect(header?.slice(-2)).toEqual(['checked_at', 'answered_by']);
    expect(new Set(rows.map((row) => row.at(-1)))).toEqual(new Set([retry]));
    expect(new Set(rows.map((row) => row.slice(1, 4).join()))).toEqual(
      new Set(['not_registered,7,']),
    );
  });

  test("answer the caller's own file", async () => {
    const latest = await exportOf(ground, authorization, root, 'latest=true&format=ndjson');
    const outcomes = new Map(latest.objects().map(({ number, outcome }) => [number, outcome]));
    const upload = await exportOf(
      ground,
      authorization,
      root,
      'shape=upload&latest=true&format=ndjson',
    );
    const lines = upload.objects();
    expect(lines).toHaveLength(32);
    for (const { rollcall_number, rollcall_outcome } of lines) {
      expect(rollcall_outcome).toBe(rollcall_number && outcomes.get(rollcall_number));
    }
  });

  test('stand under the first job, and a retry says so', async () => {
    const asked = await exportOf(ground, authorization, retry, 'latest=true');
    expect([asked.status, JSON.parse(asked.text).code]).toEqual([
      409,
      'retry_stands_under_first_job',
    ]);
    const upload = await exportOf(ground, authorization, retry, 'shape=upload');
    expect(JSON.parse(upload.text)).toMatchObject({
      code: 'no_upload',
      detail: expect.stringContaining(root),
    });
    expect((await exportOf(ground, authorization, retry)).status).toBe(200);
  });

  test('are not whole while a retry is open', async () => {
    const open = await retryOf(root);
    const asked = await exportOf(ground, authorization, root, 'latest=true');
    expect([asked.status, JSON.parse(asked.text).code]).toEqual([409, 'job_not_closed']);
    expect((await exportOf(ground, authorization, root)).status).toBe(200);
    await answerJob(ground.database, open, () => ({ outcome: 'registered' }));
    expect((await exportOf(ground, authorization, root, 'latest=true')).status).toBe(200);
  });
});
