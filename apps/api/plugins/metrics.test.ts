import { type MetricDefinition, metricCatalogue } from '@rollcall/telemetry';
import { testBackends } from '@rollcall/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, openGround } from '../testing/ground.ts';
import { posterTo, said } from '../testing/post-job.ts';

async function scrape(ground: { readonly url: string }) {
  const answer = await fetch(`${ground.url}/metrics`);
  const text = await answer.text();
  const typed = new Map(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]),
  );
  const valueOf = (series: string) => {
    const line = text.split('\n').find((each) => each.startsWith(`${series} `));
    return line === undefined ? null : Number(line.slice(series.length + 1));
  };
  return { answer, text, typed, valueOf };
}

describe.each(testBackends)('with the queue on %s', (backend) => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await openGround({ backend });
  });
  afterAll(() => ground.close());

  test('it tells what is stored, what is due and what was answered, in the format of Prometheus, without a key', async () => {
    const poster = posterTo(ground, await ground.bearer(['jobs:write']));
    await poster.postJson({ ...said, numbers: ['+447911123456', '+447911123457'] });
    await fetch(`${ground.url}/v1/jobs/not-an-id`);
    const { answer, text, typed, valueOf } = await scrape(ground);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(valueOf('rollcall_jobs{state="planning"}')).toBe(1);
    expect(valueOf('rollcall_due_rows{stage="plan",account=""}')).toBe(1);
    expect(valueOf('rollcall_database_read_success')).toBe(1);
    expect(valueOf('rollcall_queue_read_success')).toBe(1);
    expect(valueOf('rollcall_queue_doorbells{queue="plan",state="waiting"}')).toBe(1);
    const answered = 'rollcall_http_request_duration_seconds_count';
    expect(valueOf(`${answered}{method="POST",route="/v1/jobs",status="202"}`)).toBe(1);
    expect(valueOf(`${answered}{method="GET",route="/v1/jobs/:id",status="401"}`)).toBe(1);
    const mine = Object.entries<MetricDefinition>(metricCatalogue).filter(
      ([, { source }]) => source !== 'worker',
    );
    expect(Object.fromEntries(typed)).toEqual(
      Object.fromEntries(mine.map(([name, { type }]) => [name, type])),
    );
    expect(text).not.toMatch(/job_|chk_|447911|not-an-id/);
  });

  test('however often it is scraped, Postgres is asked once in five seconds', async () => {
    const readSeconds = async () =>
      (await scrape(ground)).valueOf('rollcall_database_read_seconds');
    const all = await Promise.all(Array.from({ length: 5 }, readSeconds));
    expect(new Set(all).size).toBe(1);
  });
});
