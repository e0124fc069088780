import type { Scope } from '@rollcall/domain';
import { said } from './post-job.ts';
import type { TenantThings } from './tenant-things.ts';

/** What a route asks of whoever calls it, said a second time: the program's own word for it is what is tested. Whoever adds a route adds a line. */
export type RouteRule =
  /** It asks for no key. */
  | { readonly asks: 'nothing'; readonly answers: number }
  | {
      readonly asks: Scope | 'any';
      /** What each parameter of the path names: a thing of one tenant, which another does not see. None: the answer is about the caller's own. */
      readonly names?: Readonly<Record<string, keyof TenantThings>>;
      /** The path's parameters that name what all tenants share. */
      readonly shares?: Readonly<Record<string, string>>;
      readonly query?: string;
      readonly body?: unknown;
      /** What its body names all tenants may name as well. */
      readonly sharesBody?: true;
      readonly headers?: Readonly<Record<string, string>>;
      /** With a key that may, on a thing of its own. */
      readonly answers: number;
    };

const onRequestOf = { reason: 'ticket 4711', requested_by: 'vitest' };
const asQuery = `?${new URLSearchParams(onRequestOf).toString()}`;
const why = { reason: 'ticket 4711' };
const job = { id: 'job' } as const;
const closedJob = { id: 'closedJob' } as const;
const hold = { chunk_id: 'hold' } as const;
const account = { id: 'alpha' } as const;

export const routeRules: Readonly<Record<string, RouteRule>> = {
  'GET /': { asks: 'nothing', answers: 200 },
  'GET /healthz': { asks: 'nothing', answers: 200 },
  'GET /readyz': { asks: 'nothing', answers: 200 },
  'GET /metrics': { asks: 'nothing', answers: 200 },
  'GET /openapi.json': { asks: 'nothing', answers: 200 },
  'GET /admin/login': { asks: 'nothing', answers: 200 },
  // Without a form of its own page.
  'POST /admin/login': { asks: 'nothing', answers: 403 },
  'GET /admin/logout': { asks: 'nothing', answers: 303 },
  'POST /admin/logout': { asks: 'nothing', answers: 403 },

  'GET /v1/jobs': { asks: 'jobs:read', answers: 200 },
  'POST /v1/jobs': {
    asks: 'jobs:write',
    body: { ...said, numbers: ['+447911123456'] },
    answers: 202,
  },
  'GET /v1/jobs/:id': { asks: 'jobs:read', names: job, answers: 200 },
  'PATCH /v1/jobs/:id': { asks: 'jobs:write', names: job, body: { priority: 1 }, answers: 200 },
  'POST /v1/jobs/:id/pause': { asks: 'jobs:write', names: job, answers: 200 },
  'POST /v1/jobs/:id/resume': { asks: 'jobs:write', names: job, answers: 200 },
  'POST /v1/jobs/:id/cancel': { asks: 'jobs:write', names: { id: 'cancelledJob' }, answers: 200 },
  // What may have been paid for wants an approval.
  'POST /v1/jobs/:id/retry': { asks: 'jobs:write', names: closedJob, answers: 422 },
  'GET /v1/jobs/:id/events': {
    asks: 'jobs:read',
    names: closedJob,
    headers: { accept: 'text/event-stream' },
    answers: 200,
  },
  'GET /v1/jobs/:id/results': { asks: 'results:read', names: job, answers: 200 },
  'GET /v1/jobs/:id/rejects': { asks: 'results:read', names: job, answers: 200 },
  'GET /v1/jobs/:id/export': { asks: 'results:read', names: closedJob, answers: 200 },
  'GET /v1/jobs/:id/chunks': { asks: 'jobs:read', names: job, answers: 200 },
  'GET /v1/jobs/:id/chunks/:chunk_id': {
    asks: 'jobs:read',
    names: { ...job, chunk_id: 'chunk' },
    answers: 200,
  },
  'GET /v1/jobs/:id/replays': { asks: 'jobs:read', names: job, answers: 200 },
  'POST /v1/jobs/:id/replay': { asks: 'holds:resolve', names: job, body: why, answers: 202 },

  'GET /v1/chunks/:chunk_id': { asks: 'jobs:read', names: { chunk_id: 'chunk' }, answers: 200 },
  'POST /v1/chunks/:chunk_id/replay': {
    asks: 'holds:resolve',
    names: { chunk_id: 'chunk' },
    body: why,
    answers: 202,
  },
  'GET /v1/replays/:replay_id': {
    asks: 'jobs:read',
    names: { replay_id: 'replay' },
    answers: 200,
  },
  'GET /v1/replays/:replay_id/rows': {
    asks: 'results:read',
    names: { replay_id: 'replay' },
    answers: 200,
  },

  'GET /v1/holds': { asks: 'jobs:read', answers: 200 },
  'GET /v1/holds/:chunk_id': { asks: 'jobs:read', names: hold, answers: 200 },
  'GET /v1/holds/:chunk_id/artifact': { asks: 'results:read', names: hold, answers: 200 },
  // A decision that does not fit: nothing changes.
  'POST /v1/holds/:chunk_id/resolve': {
    asks: 'holds:resolve',
    names: { chunk_id: 'unknownHold' },
    body: { ...why, decision: 'keep_polling' },
    answers: 409,
  },
  'POST /v1/holds/resolve': {
    asks: 'holds:resolve',
    body: { ...why, filter: { account: 'alpha' }, decision: 'give_up', dry_run: true },
    answers: 200,
  },

  'GET /v1/summary': { asks: 'jobs:read', answers: 200 },
  'GET /v1/checks': { asks: 'jobs:read', answers: 200 },
  'GET /v1/accounts': { asks: 'jobs:read', answers: 200 },
  'GET /v1/accounts/:id': { asks: 'jobs:read', shares: account, answers: 200 },
  'POST /v1/accounts/:id/pause': { asks: 'admin', shares: account, body: why, answers: 200 },
  'POST /v1/accounts/:id/resume': { asks: 'admin', shares: account, body: why, answers: 200 },
  'POST /v1/accounts/:id/confirm-semantics': {
    asks: 'admin',
    shares: account,
    body: why,
    answers: 200,
  },

  'GET /v1/key': { asks: 'any', answers: 200 },
  'GET /v1/keys': { asks: 'admin', answers: 200 },
  'POST /v1/keys': { asks: 'admin', body: { name: 'a', scopes: ['jobs:read'] }, answers: 201 },
  'PATCH /v1/keys/:id': { asks: 'admin', names: { id: 'key' }, body: { name: 'b' }, answers: 200 },
  'POST /v1/keys/:id/rotate': { asks: 'admin', names: { id: 'key' }, answers: 201 },
  'DELETE /v1/keys/:id': { asks: 'admin', names: { id: 'endedKey' }, answers: 204 },

  'GET /v1/audit': { asks: 'admin', answers: 200 },
  'GET /v1/suppressions': { asks: 'admin', answers: 200 },
  'POST /v1/suppressions': {
    asks: 'admin',
    body: { numbers: ['+447911999999'], ...onRequestOf },
    answers: 200,
  },
  'POST /v1/suppressions/remove': {
    asks: 'admin',
    body: { numbers: ['+447911999999'], ...onRequestOf },
    sharesBody: true,
    answers: 200,
  },
  'DELETE /v1/suppressions/:number': {
    asks: 'admin',
    shares: { number: '+447911999999' },
    query: asQuery,
    answers: 200,
  },
  'DELETE /v1/numbers/:number': {
    asks: 'admin',
    shares: { number: '+447911999998' },
    query: asQuery,
    answers: 202,
  },
  'POST /v1/erasures': {
    asks: 'admin',
    body: { number: '+447911999996', ...onRequestOf },
    sharesBody: true,
    answers: 202,
  },
  'GET /v1/erasures/:id': { asks: 'admin', names: { id: 'erasure' }, answers: 200 },
  'GET /v1/processing-records': {
    asks: 'admin',
    query: '?from=2024-07-01&to=2024-07-31',
    answers: 200,
  },

  'GET /admin/queues/holds': { asks: 'admin', answers: 200 },
  'GET /admin/queues/chunk/:id': { asks: 'admin', names: { id: 'chunk' }, answers: 200 },
};

/** Routes of the pages that others wrote: what they answer to a key that may is theirs, but never a write. */
export function ruleOfOthers(call: string): 'nothing' | 'board' | null {
  if (/^GET \/docs(?:\/|$)/.test(call)) return 'nothing';
  return / \/admin\/queues(?:\/|$)/.test(call) ? 'board' : null;
}
