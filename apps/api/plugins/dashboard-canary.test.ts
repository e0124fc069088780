import { testBackends, waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, type Json, openGround } from '../testing/ground.ts';
import { insertHeld } from '../testing/held-chunk.ts';
import { registeredCalls } from '../testing/registered-calls.ts';

describe.each(testBackends)('the dashboard on %s', (backend) => {
  let ground: Ground;
  let key: string;
  beforeAll(async () => {
    ground = await openGround({ backend });
    key = (await ground.bearer(['admin'])).slice('Bearer '.length);
  });
  afterAll(() => ground.close());

  const bearer = (shown: string) => ({ authorization: `Bearer ${shown}` });

  test('no endpoint shows a number or a key that somebody put into a queue, in whatever place', async () => {
    const canary = '447700900123';
    const secret = `rc_live_${'0'.repeat(32)}_${'x'.repeat(43)}`;
    const text = `the provider said +44 7700 900123 and ${canary} of ${secret}`;
    const queue = ground.queues.all().find(({ name }) => name === 'ingest');
    if (!queue) throw new Error('no queue');
    const numbers = { text, number: Number(canary), list: [Number(canary)] };
    const job = await queue.add(text, numbers, { jobId: 'planted' });
    await job.log(text);
    await job.updateProgress(numbers);
    // What is no doorbell fails.
    const consumer = ground.queues.consume('ingest', null, 1, async () => ({}));
    await waitFor(async () => (await queue.getJob('planted'))?.isFailed(), {
      describe: 'the planted doorbell to fail',
    });
    await consumer.close(5_000);
    // A program of ours says less of its failures; a faulty one might say all this.
    const failure = { failedReason: text, stacktrace: JSON.stringify([text]) };
    if (backend === 'redis') {
      await (await queue.getBackend().client).hset(queue.toKey('planted'), failure);
    } else {
      await ground.database.query(
        "UPDATE bullmq.job SET failed_reason = $1, stacktrace = $2 WHERE id = 'planted'",
        Object.values(failure),
      );
    }
    const { chunkId, attemptId } = await insertHeld(ground.database);
    await ground.database.query(
      `INSERT INTO store.evidence (attempt_id, tenant_id, operation, verdict, started_at, duration_ms, headers_sent, http_status, body_excerpt)
       VALUES ($1, 1, 'submit', 'not_success', now(), 1200, true, 200, $2)`,
      [attemptId, text],
    );
    const calls = registeredCalls(ground.app)
      .filter((call) => call.startsWith('GET /admin/'))
      .map((call) => call.slice('GET '.length));
    expect(calls.length).toBeGreaterThan(15);
    const paths = calls.flatMap((path) => {
      const filled = path
        .replace(':queueName', 'ingest')
        .replace(':jobId', 'planted')
        .replace(':id', chunkId)
        .replace('*', 'favicon.ico');
      return path.endsWith('/api/queues')
        ? ['failed', 'latest', 'completed'].map(
            (status) => `${filled}?activeQueue=ingest&status=${status}&page=1`,
          )
        : [filled];
    });
    const shown: string[] = [];
    let bytes = 0;
    for (const path of paths) {
      for (const accept of ['text/html', 'application/json']) {
        const answer = await fetch(`${ground.url}${path}`, { headers: { ...bearer(key), accept } });
        const body = await answer.text();
        bytes += body.length;
        if (/7700[ )]?900123|x{43}/.test(body)) shown.push(path);
      }
    }
    expect(bytes).toBeGreaterThan(10_000);
    expect(shown).toEqual([]);
    // It is there, masked.
    const { job: seen } = (await (
      await fetch(`${ground.url}/admin/queues/api/queues/ingest/planted`, { headers: bearer(key) })
    ).json()) as Json;
    expect(seen.failedReason).toContain('the provider said [number]');
  });
});
