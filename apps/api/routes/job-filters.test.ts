import { randomBytes } from 'node:crypto';
import { makeId } from '@rollcall/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertAnsweredJob } from '../testing/answered-job.ts';
import { type Ground, type Json, openGround } from '../testing/ground.ts';

let ground: Ground;
let authorization: string;
/** Oldest first: every minute of the day one, each with its own account, requester and name. */
const made: string[] = [];
let held: string;
const start_ms = Date.UTC(2024, 7, 1);

beforeAll(async () => {
  ground = await openGround();
  authorization = await ground.bearer(['jobs:read']);
  for (let at = 0; at < 12; at += 1) {
    const id = makeId('job', start_ms + at * 60_000, randomBytes(10));
    const closed = at % 3 === 0;
    await ground.database.query(
      `INSERT INTO store.jobs (id, tenant_id, check_name, account, name, purpose, requested_by, currency, state, lines, accepted,
                               duplicates, rejected, retry_of, retry_root, created_at, planned_at, finished_at)
       VALUES ($1, 1, $2, $3, $4, 'a test', $5, 'USD', $6, 1, 1, 0, 0, $7, $7, to_timestamp($8), to_timestamp($8), $9)`,
      [
        id,
        at % 2 === 0 ? 'telegram' : 'viber',
        at < 6 ? 'alpha' : 'beta',
        at === 4 ? 'spring, part 1' : null,
        at % 4 === 0 ? 'ana@example.com' : 'bob',
        closed ? 'completed' : at === 1 ? 'paused' : 'running',
        at === 11 ? made[3] : null,
        (start_ms + at * 60_000) / 1_000,
        closed ? new Date() : null,
      ],
    );
    made.push(id);
  }
  held = await insertAnsweredJob(ground.database, { tenantId: 1 });
});
afterAll(() => ground.close());

async function get(query: string) {
  const answer = await fetch(`${ground.url}/v1/jobs?${query}`, { headers: { authorization } });
  return { status: answer.status, body: (await answer.json()) as Json };
}

/** The ids of every page, as positions in `made`; the held job is -1. */
async function list(query: string, limit = 2): Promise<number[]> {
  const found: number[] = [];
  for (let cursor = ''; ; ) {
    const { status, body } = await get(`${query}&limit=${limit}${cursor}`);
    expect(status, JSON.stringify(body)).toBe(200);
    found.push(...body.data.map((job: Json) => made.indexOf(job.id)));
    if (body.next_cursor === null) return found;
    cursor = `&cursor=${body.next_cursor}`;
  }
}

const at = (minute: number) => new Date(start_ms + minute * 60_000).toISOString();

describe('the list of jobs is narrowed', () => {
  test.each([
    ['state=completed', [9, 6, 3, 0]],
    ['state=completed,paused', [9, 6, 3, 1, 0]],
    ['state=completed&state=paused', [9, 6, 3, 1, 0]],
    ['state=failed', []],
    ['check=viber', [11, 9, 7, 5, 3, 1]],
    ['account=beta', [11, 10, 9, 8, 7, 6]],
    ['requested_by=ana%40example.com', [8, 4, 0]],
    ['name=spring%2C+part+1', [4]],
    ['name=spring', []],
    [`created_after=${at(10)}&created_before=${at(12)}`, [11, 10]],
    [`created_before=${at(2)}`, [1, 0]],
    ['created_after=2024-08-01T02:10:00%2B02:00&created_before=2024-09-01T00:00:00Z', [11, 10]],
    ['created_before=0001-01-01T00:00:00Z', []],
    ['created_after=9999-12-31T23:59:59Z', []],
    ['attention=true', [-1]],
    ['state=completed&check=viber&account=beta', [9]],
  ])('by %s', async (query, expected) => {
    expect(await list(query)).toEqual(expected);
  });

  test('by the job that a job retries', async () => {
    expect(await list(`retry_of=${made[3]}`)).toEqual([11]);
    expect(await list(`retry_of=${made[1]}`)).toEqual([]);
  });

  test('by nothing: all of them', async () => {
    expect(await list('')).toEqual([-1, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect((await get('attention=true')).body.data[0].id).toBe(held);
  });
});

test('a page stays where it was while jobs are made that it would show', async () => {
  const first = await get('check=viber&limit=2');
  const newer = makeId('job', Date.now(), randomBytes(10));
  await ground.database.query(
    `INSERT INTO store.jobs (id, tenant_id, check_name, account, purpose, requested_by, currency, state, lines, accepted, duplicates, rejected)
     VALUES ($1, 1, 'viber', 'alpha', 'a test', 'vitest', 'USD', 'planning', 1, 1, 0, 0)`,
    [newer],
  );
  const second = await get(`check=viber&limit=2&cursor=${first.body.next_cursor}`);
  expect(second.body.data.map((job: Json) => made.indexOf(job.id))).toEqual([7, 5]);
});

test.each([
  ['state=asleep', '/state/0'],
  ['state=', '/state/0'],
  ['state=receiving', '/state/0'],
  ['check=Telegram', '/check'],
  ['check=viber&check=telegram', '/check'],
  ['account=%00', '/account'],
  ['name=%00', '/name'],
  ['requested_by=', '/requested_by'],
  ['retry_of=job_1', '/retry_of'],
  ['created_after=yesterday', '/created_after'],
  ['created_before=2024-13-01T00:00:00Z', '/created_before'],
  ['attention=perhaps', '/attention'],
])('%s is refused, and what is wrong is named', async (query, pointer) => {
  const { status, body } = await get(query);
  expect([status, body.code, body.errors[0].pointer]).toEqual([422, 'invalid_request', pointer]);
});
