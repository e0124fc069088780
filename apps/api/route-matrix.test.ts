import { createApiKey } from '@rollcall/db';
import { type Scope, scopes } from '@rollcall/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addTenant, type Ground, type Json, openGround } from './testing/ground.ts';
import { registeredCalls } from './testing/registered-calls.ts';
import { type RouteRule, routeRules, ruleOfOthers } from './testing/route-rules.ts';
import {
  insertTenantThings,
  type TenantThings,
  thingsThatAreNot,
} from './testing/tenant-things.ts';

/**
 * Every route that the running API has, with each scope alone, with no key, an expired and a revoked one, and with the id of a thing of
 * another tenant beside one that names nothing. What is to come of it stands in one table of rules; a route without a line there fails.
 */

let ground: Ground;
let things: { readonly own: TenantThings; readonly foreign: TenantThings };
let bearers: Readonly<Record<Scope, string>>;
/** All that a key of the other tenant may. */
let foreignAdmin: string;
const useless: Record<'no key' | 'expired' | 'revoked' | 'malformed', string | undefined> = {
  'no key': undefined,
  expired: '',
  revoked: '',
  malformed: 'Bearer rc_live_x',
};
beforeAll(async () => {
  ground = await openGround();
  const { database } = ground;
  const otherTenant = await addTenant(database);
  things = {
    own: await insertTenantThings(ground, 1),
    foreign: await insertTenantThings(ground, otherTenant),
  };
  foreignAdmin = await ground.bearer(['admin'], otherTenant);
  const bearerOf = async (scope: Scope) => [scope, await ground.bearer([scope])] as const;
  bearers = Object.fromEntries(await Promise.all(scopes.map(bearerOf))) as typeof bearers;
  for (const [name, column] of [
    ['expired', 'expires_at'],
    ['revoked', 'revoked_at'],
  ] as const) {
    // All that a key may, so that it is for its end alone that it is refused.
    const made = await createApiKey(database, { tenantId: 1, name, scopes });
    useless[name] = `Bearer ${made.key}`;
    await database.query(
      `UPDATE store.api_keys SET ${column} = now() - interval '1 second' WHERE id = $1`,
      [made.id],
    );
  }
});
afterAll(() => ground.close());

type KeyRule = Extract<RouteRule, { answers: number; asks: Scope | 'any' }>;
const isOpen = (rule: RouteRule): rule is Extract<RouteRule, { asks: 'nothing' }> =>
  rule.asks === 'nothing';

interface Answer {
  readonly status: number;
  /** Of a problem, without what differs from one request to the next. */
  readonly problem: Json;
  readonly body: string;
}

async function call(
  route: string,
  authorization: string | undefined,
  rule: Partial<KeyRule> = {},
  named: TenantThings = things.own,
): Promise<Answer> {
  const [method = '', pattern = ''] = route.split(' ');
  // A file and a queue of the pages that others wrote.
  const path = pattern.replace('*', 'favicon.ico').replaceAll(/:(\w+)/g, (_step, name: string) => {
    const thing = rule.names?.[name];
    return encodeURIComponent(thing === undefined ? (rule.shares?.[name] ?? 'plan') : named[thing]);
  });
  const { body } = rule;
  const answer = await fetch(`${ground.url}${path}${rule.query ?? ''}`, {
    method,
    redirect: 'manual',
    headers: {
      ...rule.headers,
      ...(authorization !== undefined && { authorization }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const type = String(answer.headers.get('content-type'));
  const isProblem = type.includes('problem+json') && text !== '';
  const { instance: _, ...problem }: Json = isProblem ? JSON.parse(text) : {};
  return { status: answer.status, problem, body: text };
}

const mayWith = (rule: KeyRule, scope: Scope) =>
  rule.asks === 'any' || rule.asks === scope || scope === 'admin';

test('every route has a rule, and every rule a route', () => {
  const calls = registeredCalls(ground.app);
  expect(calls.length).toBeGreaterThan(60);
  expect(calls.filter((each) => !routeRules[each] && !ruleOfOthers(each))).toEqual([]);
  expect(Object.keys(routeRules).filter((each) => !calls.includes(each))).toEqual([]);
});

test('each scope opens what it is for and nothing else, and who has no valid key is let in nowhere', async () => {
  const rows: string[][] = [];
  const wrong: string[] = [];
  for (const [route, rule] of Object.entries(routeRules)) {
    const row = [route];
    rows.push(row);
    const check = (what: string, answer: Answer, isRight: boolean) => {
      row.push(`${answer.status}${isRight ? '' : ' !'}`);
      if (!isRight) wrong.push(`${route}, ${what}: ${answer.status} ${answer.body.slice(0, 300)}`);
    };
    if (isOpen(rule)) {
      const answer = await call(route, undefined);
      check('no key', answer, answer.status === rule.answers);
      continue;
    }
    for (const scope of scopes) {
      const answer = await call(route, bearers[scope], rule);
      const { code, detail = '' } = answer.problem;
      const isRight = mayWith(rule, scope)
        ? answer.status === rule.answers
        : answer.status === 403 && code === 'scope_missing' && detail.includes(rule.asks);
      check(scope, answer, isRight);
    }
    for (const [what, authorization] of Object.entries(useless)) {
      const answer = await call(route, authorization, rule);
      check(what, answer, answer.status === 401 && answer.problem.code === 'unauthenticated');
    }
    const authorization = bearers[rule.asks === 'any' ? 'admin' : rule.asks];
    if (rule.names) {
      const foreign = await call(route, authorization, rule, things.foreign);
      const unknown = await call(route, authorization, rule, thingsThatAreNot());
      const isSame = JSON.stringify(foreign.problem) === JSON.stringify(unknown.problem);
      check('of another tenant', foreign, foreign.status === 404 && isSame);
      check('of nobody', unknown, unknown.status === 404);
    } else {
      const { body } = await call(route, authorization, rule);
      const shown = Object.values(things.foreign).filter((id) => body.includes(id));
      if (shown.length > 0) wrong.push(`${route} shows another tenant's ${shown.join(', ')}`);
    }
  }
  process.stdout.write(`\n${tableOf(rows)}\n`);
  expect(wrong).toEqual([]);
});

/** What the first tenant sees of what a call of the other could have reached. */
async function seenByOwn(): Promise<string> {
  const sees = async (route: string) => {
    const rule = routeRules[route];
    if (!rule || isOpen(rule)) throw new Error(`${route} asks for no key`);
    return (await call(route, bearers.admin, rule)).body;
  };
  return JSON.stringify([
    await sees('GET /v1/suppressions'),
    await sees('GET /v1/accounts/:id'),
    await sees('GET /v1/jobs/:id/results'),
    await sees('GET /v1/keys'),
  ]);
}

test('where a path or body names what tenants share, the other tenant changes nothing that the first one sees', async () => {
  const wrong: string[] = [];
  // What is listed is what both name.
  const numbers = ['+447911999999', '+447911999998', '+447911999996'];
  const body = { numbers, reason: 'a test', requested_by: 'vitest' };
  expect((await call('POST /v1/suppressions', bearers.admin, { body })).status).toBe(200);
  let calls = 0;
  for (const [route, rule] of Object.entries(routeRules)) {
    if (isOpen(rule) || !(rule.shares ?? rule.sharesBody)) continue;
    calls += 1;
    const before = await seenByOwn();
    const { status, problem } = await call(route, foreignAdmin, rule);
    const right = route.startsWith('POST /v1/accounts') ? 403 : rule.answers;
    if (status !== right) wrong.push(`${route}: ${status} ${problem.code}`);
    if ((await seenByOwn()) !== before) wrong.push(`${route} changed what the first tenant sees`);
  }
  expect(calls).toBe(8);
  expect(wrong).toEqual([]);
});

test('HEAD asks for what GET asks for', async () => {
  const wrong: string[] = [];
  for (const [route, rule] of Object.entries(routeRules)) {
    if (isOpen(rule) || !route.startsWith('GET ')) continue;
    const head = route.replace('GET', 'HEAD');
    const expectStatus = async (
      what: string,
      answer: Promise<Answer>,
      right: readonly number[],
    ) => {
      const { status } = await answer;
      if (!right.includes(status)) wrong.push(`${head}, ${what}: ${status}`);
    };
    for (const [what, authorization] of Object.entries(useless)) {
      await expectStatus(what, call(head, authorization, rule), [401, 404]);
    }
    for (const scope of scopes) {
      if (mayWith(rule, scope)) continue;
      await expectStatus(scope, call(head, bearers[scope], rule), [403, 404]);
    }
    if (!rule.names) continue;
    await expectStatus('of another', call(head, bearers.admin, rule, things.foreign), [404]);
  }
  expect(wrong).toEqual([]);
});

test('of the pages that others wrote, the board is for admin alone and takes no write', async () => {
  const wrong: string[] = [];
  let calls = 0;
  for (const route of registeredCalls(ground.app)) {
    const of = routeRules[route] ? null : ruleOfOthers(route);
    if (of === null) continue;
    calls += 1;
    const expectStatus = async (
      what: string,
      authorization: string | undefined,
      isRight: (status: number, code: string | undefined) => boolean,
    ) => {
      const { status, problem } = await call(route, authorization);
      if (!isRight(status, problem.code)) wrong.push(`${route}, ${what}: ${status}`);
    };
    if (of === 'nothing') {
      await expectStatus('no key', undefined, (status) => status < 400 || status === 404);
      continue;
    }
    for (const [what, authorization] of Object.entries(useless)) {
      await expectStatus(what, authorization, (status) => status === 401);
    }
    for (const scope of scopes) {
      await expectStatus(scope, bearers[scope], (status, code) => {
        if (scope !== 'admin') return status === 403 && code === 'scope_missing';
        // What the board itself refuses, it refuses in its own words.
        return route.startsWith('GET ') ? status < 500 && code === undefined : status === 405;
      });
    }
  }
  expect(calls).toBeGreaterThan(30);
  expect(wrong).toEqual([]);
});

function tableOf(rows: readonly (readonly string[])[]): string {
  const heads = ['route', ...scopes, ...Object.keys(useless), 'foreign id', 'unknown id'];
  const all = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .join('\n');
}
