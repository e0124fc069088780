import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerJob } from '../testing/answer-job.ts';
import { insertAnsweredJob } from '../testing/answered-job.ts';
import { exportOf } from '../testing/export-of.ts';
import { addTenant, type Ground, type Json, openGround } from '../testing/ground.ts';
import { posterTo, query } from '../testing/post-job.ts';

let ground: Ground;
let authorization: string;
let open: string;
let closed: string;
beforeAll(async () => {
  ground = await openGround();
  authorization = await ground.bearer(['results:read', 'jobs:write']);
  open = await insertAnsweredJob(ground.database, { tenantId: 1 });
  closed = await post('+447911123003\n+447911123001\n+447911123002\n');
  await answerJob(ground.database, closed, (number) => ({
    outcome: number % 2 === 0 ? 'registered' : 'not_registered',
    ...(number !== 447_911_123_002 && {
      attributes: { name: '=cmd()', account: 'a "quoted", one', constructor: String(number % 10) },
    }),
  }));
});
afterAll(() => ground.close());

async function post(text: string): Promise<string> {
  const { body } = await posterTo(ground, authorization).post(
    text,
    { 'content-type': 'text/plain' },
    query,
  );
  return body.id;
}

const exported = (jobId: string, search?: string) => exportOf(ground, authorization, jobId, search);

describe('the results of a job', () => {
  test('as csv: a row a number in order, each attribute a column, formulas escaped and numbers not', async () => {
    const { status, headers, text } = await exported(closed);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(headers.get('content-disposition')).toBe(`attachment; filename="${closed}-results.csv"`);
    expect(headers.get('cache-control')).toBe('no-store');
    const [header, ...rows] = text.split('\r\n');
    expect(header).toBe(
      'number,outcome,attribute_account,constructor,name,account,source,cost,checked_at',
    );
    const stable = rows.map((row) => row.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z$/, 'TIME'));
    expect(stable).toEqual([
      `+447911123001,not_registered,"a ""quoted"", one",1,'=cmd(),alpha,provider,0.0004,TIME`,
      `+447911123002,registered,,,,alpha,provider,0.0004,TIME`,
      `+447911123003,not_registered,"a ""quoted"", one",3,'=cmd(),alpha,provider,0.0004,TIME`,
      '',
    ]);
  });

  test('as ndjson: each line as /results shows it', async () => {
    const page = await fetch(`${ground.url}/v1/jobs/${closed}/results`, {
      headers: { authorization },
    });
    const { data } = (await page.json()) as Json;
    const { headers, text } = await exported(closed, 'format=ndjson');
    expect(headers.get('content-type')).toBe('application/x-ndjson');
    expect(text).toBe(data.map((row: Json) => `${JSON.stringify(row)}\n`).join(''));
  });

  test('as xlsx: a workbook that is read back with the same cells', async () => {
    const { headers, bytes } = await exported(closed, 'format=xlsx');
    expect(headers.get('content-disposition')).toContain('.xlsx"');
    const again = await posterTo(ground, authorization).post(
      bytes,
      { 'content-type': 'application/octet-stream' },
      query,
    );
    await answerJob(ground.database, again.body.id, () => ({ outcome: 'registered' }));
    const workbook = await exported(again.body.id, 'shape=upload&format=ndjson');
    expect(workbook.objects().map(({ cells }) => cells.slice(0, 6))).toEqual([
      ['+447911123001', 'not_registered', 'a "quoted", one', '1', '=cmd()', 'alpha'],
      ['+447911123002', 'registered', '', '', '', 'alpha'],
      ['+447911123003', 'not_registered', 'a "quoted", one', '3', '=cmd()', 'alpha'],
    ]);
  });

  test('only those with an outcome, where one is named', async () => {
    const { cells } = await exported(closed, 'outcome=registered');
    expect(cells().map(([number]) => number)).toEqual(['number', '+447911123002']);
    const none = await exported(closed, 'outcome=missing');
    expect(none.cells().map(([number]) => number)).toEqual(['number']);
  });

  test('an open job is refused, and shown as far as it is answered where that is asked for', async () => {
    const refused = await exported(open);
    expect([refused.status, JSON.parse(refused.text).code]).toEqual([409, 'job_not_closed']);
    const { cells } = await exported(open, 'partial=true');
    expect(cells()).toHaveLength(1 + 20);
  });
});

describe('who may, and what', () => {
  test('it asks for its scope and its tenant', async () => {
    const foreign = await insertAnsweredJob(ground.database, {
      tenantId: await addTenant(ground.database),
    });
    expect((await exported(foreign, 'partial=true')).status).toBe(404);
    const unscoped = await ground.bearer(['jobs:read']);
    const { status } = await exportOf(ground, unscoped, closed);
    expect(status).toBe(403);
  });

  test.each([
    ['format=pdf', '/format'],
    ['shape=circle', '/shape'],
    ['partial=yes', '/partial'],
    ['shape=upload&outcome=missing', '/outcome'],
    ['colour=red', '/colour'],
  ])('%s is refused and names %s', async (search, pointer) => {
    const { status, text } = await exported(closed, search);
    expect([status, JSON.parse(text).errors[0].pointer]).toEqual([422, pointer]);
  });

  test('HEAD names the file and reads nothing', async () => {
    const response = await fetch(`${ground.url}/v1/jobs/${closed}/export`, {
      method: 'HEAD',
      headers: { authorization },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-disposition')).toContain('-results.csv');
    expect(response.headers.has('content-length')).toBe(false);
  });

  test('the log says who downloaded how much, and holds no number', async () => {
    await exported(closed, 'format=ndjson');
    const lines = ground
      .logged()
      .split('\n')
      .filter((line) => line.includes('export.'));
    const last = JSON.parse(lines.at(-1) ?? '{}');
    expect(last).toMatchObject({
      event: 'export.finished',
      job: closed,
      reason: 'complete',
      counts: { rows: 3 },
    });
    expect(last.api_key).toMatch(/^key_/);
    expect(last.bytes).toBeGreaterThan(100);
    expect(ground.logged()).not.toContain('447911123');
  });
});
