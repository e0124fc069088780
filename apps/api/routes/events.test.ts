import { waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { insertAnsweredJob } from '../testing/answered-job.ts';
import { addTenant, type Ground, type Json, openGround } from '../testing/ground.ts';
import { stopServer } from '../stop-server.ts';

interface ServerEvent {
  readonly id?: string;
  readonly event?: string;
  readonly data?: Json;
  readonly comment?: string;
}

let ground: Ground;
let authorization: string;
let another: number;
const streams: Listening[] = [];
beforeAll(async () => {
  ground = await openGround();
  authorization = await ground.bearer(['jobs:read']);
  another = await addTenant(ground.database);
});
afterEach(async () => {
  for (const stream of streams.splice(0)) await stream.leave();
});
afterAll(() => ground.close());

interface Listening {
  readonly response: Response;
  /** Everything that came so far, in blocks. */
  readonly events: ServerEvent[];
  readonly jobs: () => ServerEvent[];
  readonly ended: Promise<void>;
  leave(): Promise<void>;
}

async function listen(
  jobId: string,
  headers: Record<string, string> = {},
  url = ground.url,
): Promise<Listening> {
  const abort = new AbortController();
  const response = await fetch(`${url}/v1/jobs/${jobId}/events`, {
    headers: { authorization, ...headers },
    signal: abort.signal,
  });
  const events: ServerEvent[] = [];
  const reading = (async () => {
    let text = '';
    for await (const piece of response.body ?? []) {
      text += Buffer.from(piece).toString('utf8');
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      events.push(...blocks.map(parse));
    }
  })();
  const stream: Listening = {
    response,
    events,
    jobs: () => events.filter(({ event }) => event === 'job'),
    ended: reading,
    async leave() {
      abort.abort();
      await reading.catch(() => undefined);
    },
  };
  streams.push(stream);
  return stream;
}

function parse(block: string): ServerEvent {
  const fields = block.split('\n').map((line) => /^(\w*): ?(.*)$/.exec(line));
  const of = (name: string) => fields.find((field) => field?.[1] === name)?.[2];
  const data = of('data');
  return {
    ...(of('id') !== undefined && { id: of('id') }),
    ...(of('event') !== undefined && { event: of('event') }),
    ...(data !== undefined && { data: JSON.parse(data) }),
    ...(of('') !== undefined && { comment: of('') }),
  };
}

const rename = (jobId: string, name: string) =>
  ground.database.query('UPDATE store.jobs SET name = $2 WHERE id = $1', [jobId, name]);

/** Closes a job as if it had been cancelled: what is held in it does not matter here. */
const close = (jobId: string) =>
  ground.database
    .query(
      `WITH stopping AS (UPDATE store.jobs SET state = 'cancelling' WHERE id = $1 RETURNING id) SELECT FROM stopping`,
      [jobId],
    )
    .then(() =>
      ground.database.query(
        `UPDATE store.jobs SET state = 'cancelled', finished_at = now() WHERE id = $1`,
        [jobId],
      ),
    );

describe('the events of a job', () => {
  test('it is shown at once, again when it has changed, and not when only time has passed', async () => {
    const job = await insertAnsweredJob(ground.database, { tenantId: 1 });
    const stream = await listen(job);
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream');
    await waitFor(() => stream.jobs().length === 1, { describe: 'the first event' });
    const shown = await fetch(`${ground.url}/v1/jobs/${job}`, { headers: { authorization } });
    const whole = (await shown.json()) as Json;
    expect({ ...stream.jobs()[0]?.data, eta_seconds: 0 }).toEqual({ ...whole, eta_seconds: 0 });

    const beats = () => stream.events.filter(({ comment }) => comment !== undefined).length;
    await waitFor(() => beats() >= 5, { describe: 'heartbeats' });
    expect(stream.jobs()).toHaveLength(1);

    await rename(job, 'another name');
    await waitFor(() => stream.jobs().length === 2, { describe: 'the second event' });
    expect(stream.jobs()[1]?.data.name).toBe('another name');
    expect(stream.jobs()[1]?.id).not.toBe(stream.jobs()[0]?.id);
  });

  test('whoever shows the last id is sent only what has changed since, from another process too', async () => {
    const job = await insertAnsweredJob(ground.database, { tenantId: 1 });
    const before = await listen(job);
    await waitFor(() => before.jobs().length === 1, { describe: 'the first event' });
    const id = before.jobs()[0]?.id ?? '';
    await before.leave();

    const again = await listen(job, { 'last-event-id': id });
    await waitFor(() => again.events.length >= 4, { describe: 'heartbeats' });
    expect(again.jobs()).toEqual([]);
    await rename(job, 'changed');
    await waitFor(() => again.jobs().length === 1, { describe: 'the change' });
  });

  test('a job that closes ends its streams, and whoever has seen the end is told to stay away', async () => {
    const job = await insertAnsweredJob(ground.database, { tenantId: 1 });
    const [one, other] = [await listen(job), await listen(job)];
    await waitFor(() => one.jobs().length === 1 && other.jobs().length === 1, {
      describe: 'both to be shown it',
    });
    await close(job);
    await Promise.all([one.ended, other.ended]);
    for (const { events } of [one, other]) {
      const last = events.at(-1);
      expect([last?.event, last?.data]).toEqual(['end', { state: 'cancelled' }]);
      const closing = events.filter(({ event }) => event === 'job').at(-1);
      expect(closing?.data.state).toBe('cancelled');
    }

    const late = await listen(job);
    await late.ended;
    expect(late.events.map(({ event }) => event)).toEqual([undefined, 'job', 'end']);
    const [, closed, end] = late.events;
    const seen = await listen(job, { 'last-event-id': closed?.id ?? '' });
    await seen.ended;
    expect(seen.events.map(({ event }) => event)).toEqual([undefined, 'end']);
    const gone = await listen(job, { 'last-event-id': end?.id ?? '' });
    expect(gone.response.status).toBe(204);
  });

  test('Postgres is asked once in a while, however many listen', async () => {
    const job = await insertAnsweredJob(ground.database, { tenantId: 1 });
    const asked: number[] = [];
    const query = ground.apiDatabase.query.bind(ground.apiDatabase);
    const counting = Object.assign(ground.apiDatabase, {
      query: ((...given: Parameters<typeof query>) => {
        const [text]: readonly unknown[] = given;
        if (typeof text === 'string' && text.includes('rollcall.jobs')) {
          asked.push(performance.now());
        }
        return query(...given);
      }) as typeof ground.apiDatabase.query,
    });
    try {
      const three = [await listen(job), await listen(job), await listen(job)];
      await waitFor(() => three.every((stream) => stream.jobs().length === 1), {
        describe: 'all three to be shown it',
      });
      asked.length = 0;
      await waitFor(() => asked.length >= 6, { describe: 'more looks' });
      const gaps = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
      expect(Math.min(...gaps)).toBeGreaterThan(40);
    } finally {
      counting.query = query;
    }
  });

  test('more listeners than a tenant may have are refused, others’ are not, and a place is free once one has left', async () => {
    const job = await insertAnsweredJob(ground.database, { tenantId: 1 });
    const three = [await listen(job), await listen(job), await listen(job)];
    const refused = await fetch(`${ground.url}/v1/jobs/${job}/events`, {
      headers: { authorization },
    });
    expect([refused.status, ((await refused.json()) as Json).code]).toEqual([
      429,
      'too_many_listeners',
    ]);
    expect(refused.headers.get('retry-after')).toBe('2');
    const others = await listen(await insertAnsweredJob(ground.database, { tenantId: another }), {
      authorization: await ground.bearer(['jobs:read'], another),
    });
    expect(others.response.status).toBe(200);
    await three[0]?.leave();
    await waitFor(
      async () => {
        const stream = await listen(job);
        return stream.response.status === 200;
      },
      { describe: 'the place to be free' },
    );
  });

  test('it asks for its scope, its tenant and a client that takes event streams', async () => {
    const job = await insertAnsweredJob(ground.database, { tenantId: 1 });
    const foreign = await insertAnsweredJob(ground.database, { tenantId: another });
    const ask = async (path: string, headers: Record<string, string>, method = 'GET') => {
      const response = await fetch(`${ground.url}/v1/jobs/${path}/events`, { method, headers });
      const text = method === 'HEAD' ? '' : await response.text();
      return [response.status, text === '' ? undefined : JSON.parse(text).code];
    };
    const unscoped = await ground.bearer(['results:read']);
    expect(await ask(job, { authorization: unscoped })).toEqual([403, 'scope_missing']);
    expect(await ask(foreign, { authorization })).toEqual([404, 'not_found']);
    for (const accept of [
      'application/json',
      'text/html;q=1, */*;q=0',
      'text/event-stream;q=0.0, */*',
    ]) {
      expect(await ask(job, { authorization, accept })).toEqual([406, 'not_acceptable']);
    }
    expect(await ask(job, { authorization, accept: 'application/json' }, 'HEAD')).toEqual([
      406,
      undefined,
    ]);
    expect(await ask(job, { authorization }, 'HEAD')).toEqual([200, undefined]);
    for (const accept of ['text/event-stream', 'text/html, */*;q=0.1']) {
      const stream = await listen(job, { accept });
      expect(stream.response.status).toBe(200);
    }
  });
});

test('a key that is revoked ends its streams, and no other', async () => {
  const jobId = await insertAnsweredJob(ground.database, { tenantId: 1 });
  const revoked = await ground.bearer(['jobs:read']);
  const [theirs, ours] = [await listen(jobId, { authorization: revoked }), await listen(jobId)];
  await waitFor(() => theirs.jobs().length === 1 && ours.jobs().length === 1, {
    describe: 'both to be shown the job',
  });
  const id = /rc_live_(.{8})(.{4})(.{4})(.{4})(.{12})/.exec(revoked)?.slice(1).join('-');
  await ground.database.query('UPDATE store.api_keys SET revoked_at = now() WHERE id = $1', [
    `key_${id}`,
  ]);
  await theirs.ended;
  expect(theirs.events.some(({ event }) => event === 'end')).toBe(false);
  await rename(jobId, 'still shown to us');
  await waitFor(() => ours.jobs().length === 2, { describe: 'the other key to be shown it' });
});

test('a stop ends the streams at once, without an end of the job', async () => {
  const own = await openGround();
  const key = await own.bearer(['jobs:read']);
  const job = await insertAnsweredJob(own.database, { tenantId: 1 });
  const stream = await listen(job, { authorization: key }, own.url);
  await waitFor(() => stream.jobs().length === 1, { describe: 'the first event' });
  // A stop that waited for them as it may for requests would outlast the test.
  await stopServer(own.app, 3_600_000);
  await stream.ended;
  expect(stream.events.at(-1)?.event).not.toBe('end');
  await own.close();
});
