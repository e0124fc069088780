import { randomUUID } from 'node:crypto';
import type { CrashPoint } from '@rollcall/crash-points';
import { makeXlsx } from '@rollcall/testing';
import {
  cancelled,
  controlled,
  decided,
  decidedAccepted,
  decidedTogether,
  ofAccount,
  readAgain,
  readsAudit,
  received,
  retried,
  type Scene,
} from './death-scenes.ts';
import type { Ground } from './ground.ts';
import { changedKey, ofKeys, ofSession } from './key-scenes.ts';
import { erased, suppressed } from './privacy-scenes.ts';

/** What becomes of a request in which the API dies, and which its client then sends again, word for word. */
interface Death {
  prepare(ground: Ground): Promise<Scene>;
  /** What the request brings about, once, however often it is sent. */
  readonly once: unknown;
  /** What there is of it behind this COMMIT, where that is not all. */
  readonly soFar?: unknown;
  /** What there is in the end where the one before was stored and whoever asked cannot know; it cannot be told again. */
  readonly withOrphan?: unknown;
  /** What the request is for was stored by a COMMIT before this one. */
  readonly isBehind?: true;
  /** What the second request is answered with; `stored`: what the first brought about is there. */
  answer(stored: boolean): object;
}

const repeated = (stored: boolean) => ({ status: 200, body: { repeated: stored } });
const made = (stored: boolean) => ({ status: 202, replayed: stored ? 'true' : null });
const same = () => ({ status: 200 });

const manyRows = [
  ['phone'],
  ...Array.from({ length: 2_000 }, (_, index) => [447_911_000_000 + index]),
];
const wholeJob = { jobs: 1, numbers: 30, rejects: 1, uploads: 1, keys: 1 };
/** Nothing is stored. */
const none = { jobs: 0, numbers: 0, rejects: 0, uploads: 0, keys: 0 };
const running = { state: 'running', name: null, changed: null, to_send: 1 };
const held = {
  state: 'held',
  adopting: false,
  job: 'running',
  results: 0,
  attempts: 'unknown',
  money: 'reserve',
  decisions: null,
  approvals: 0,
};
/** One approval, so that one more upload may be paid, and no more than one. */
const paidAgain = {
  ...held,
  state: 'ready',
  attempts: 'written_off',
  money: 'reserve write_off',
  decisions: 'pay_again',
  approvals: 1,
};
const polledOn: Death = {
  prepare: (ground) => decidedAccepted(ground, 'poll', 'keep_polling'),
  once: {
    ...held,
    state: 'polling',
    attempts: 'accepted',
    money: 'reserve commit',
    decisions: 'keep_polling',
  },
  answer: repeated,
};
const resumed: Death = {
  prepare: (ground) => controlled(ground, 'paused', ['POST', '/resume']),
  once: running,
  answer: same,
};
const well = { paused: null, breaker: 'closed', confirmed: false, notes: 0 };

/**
 * Every COMMIT that the API comes by, and every place between two. The type makes this list whole: a name that is added to those of the API does not
 * compile until it is said here which request passes it and what follows a death on either side of it.
 */
export const apiDeaths: Readonly<Record<NameOf<CrashPoint<'api'>>, Death>> = {
  'job.receive': { prepare: (ground) => received(ground), once: wholeJob, answer: made },
  // Before anything of the body is read. What is left of it is told to erasures until its time is over.
  'intake.open': {
    prepare: (ground) => received(ground),
    once: wholeJob,
    soFar: none,
    answer: () => made(false),
  },
  'intake.close': {
    prepare: (ground) => received(ground, Buffer.from('phone\nnobody\n')),
    once: none,
    answer: () => ({ status: 422, body: { code: 'too_few_numbers' } }),
  },
  // A workbook: unlike a short text it is put aside in a file while it is read.
  'intake:in_copy': {
    prepare: async (ground) => received(ground, Buffer.from(await makeXlsx(manyRows))),
    once: { ...wholeJob, numbers: manyRows.length - 1, rejects: 0 },
    answer: made,
  },
  'job.retry': {
    prepare: retried,
    once: { retries: 1, numbers: 5, approvals: 1, keys: 1 },
    answer: made,
  },
  'job.cancel': {
    prepare: cancelled,
    once: { state: 'cancelled', audited: true, cancelled: 30 },
    answer: same,
  },
  'job.change': {
    prepare: (ground) =>
      controlled(ground, 'running', ['PATCH', '', { max_cost: '9', name: 'spring list' }]),
    once: { ...running, name: 'spring list', changed: true },
    answer: same,
  },
  'job.pause': {
    prepare: (ground) => controlled(ground, 'running', ['POST', '/pause']),
    once: { ...running, state: 'paused' },
    answer: same,
  },
  'job.resume': resumed,
  // Who dies here has resumed the job. What it would have rung for is due, and the sweep rings.
  'ring.next_ready': behind(resumed),

  'hold.adopt': {
    prepare: (ground) => decided(ground, { decision: 'adopt', task_id: randomUUID() }),
    once: { ...held, state: 'polling', adopting: true, decisions: 'adopt' },
    answer: repeated,
  },
  'hold.give_up': {
    prepare: (ground) => decided(ground, { decision: 'give_up' }),
    once: {
      ...held,
      state: 'failed',
      job: 'completed_with_errors',
      results: 5,
      money: 'reserve at_risk',
      decisions: 'give_up',
    },
    answer: repeated,
  },
  'hold.keep_polling': polledOn,
  'hold.pay_again': {
    // Without the attempt's id: whoever names it is safer still.
    prepare: (ground) => decided(ground, { decision: 'pay_again', cost_ceiling: '0.002' }),
    once: paidAgain,
    answer: repeated,
  },
  'hold.replay': {
    prepare: (ground) => decidedAccepted(ground, 'artifact', 'replay'),
    once: {
      ...held,
      state: 'result_ready',
      attempts: 'accepted',
      money: 'reserve commit',
      decisions: 'replay',
    },
    answer: repeated,
  },
  'hold.open_batch': {
    prepare: decidedTogether,
    once: { batches: { opened: 1 }, chunks: [paidAgain, paidAgain, paidAgain] },
    soFar: { batches: { opened: 1 }, chunks: [held, held, held] },
    answer: () => ({ status: 200, body: { matched: 3, decided: 3, refused: 0, remaining: 0 } }),
  },
  // Who dies here has decided.
  'ring.take': behind(polledOn),
  'replay.ask': {
    prepare: readAgain,
    once: { replays: 1, words: 'waiting compare' },
    answer: () => ({ status: 202 }),
  },

  'accounts.pause': {
    prepare: (ground) => ofAccount(ground, 'pause'),
    once: { ...well, paused: 'operator', notes: 1 },
    answer: same,
  },
  'accounts.resume': {
    prepare: (ground) =>
      ofAccount(ground, 'resume', "paused_reason = 'operator', paused_at = now()"),
    once: { ...well, notes: 1 },
    answer: same,
  },
  'accounts.reset_breaker': {
    prepare: (ground) =>
      ofAccount(
        ground,
        'resume',
        "breaker_state = 'half_open', breaker_since = now(), breaker_why = 'canary_unknown', breaker_openings = 2",
      ),
    once: { ...well, notes: 1 },
    answer: same,
  },
  'accounts.confirm_semantics': {
    prepare: (ground) => ofAccount(ground, 'confirm-semantics'),
    once: { ...well, confirmed: true, notes: 1 },
    answer: same,
  },

  'key.create': {
    prepare: (ground) => ofKeys(ground, 'create'),
    once: { keys: 3, valid: 3, used: 0 },
    // Only a digest of a key is stored. The secret of the first was told to nobody, so that it opens nothing.
    withOrphan: { keys: 4, valid: 4, used: 0 },
    answer: () => ({ status: 201 }),
  },
  'key.rotate': {
    prepare: (ground) => ofKeys(ground, 'rotate'),
    once: { keys: 3, valid: 3, used: 0 },
    // Nobody has used the one that was told to nobody: it ends, and another takes its place.
    withOrphan: { keys: 4, valid: 3, used: 0 },
    answer: () => ({ status: 201 }),
  },
  'key.change': { prepare: changedKey, once: { name: 'new', numbers_per_day: 5 }, answer: same },
  'key.revoke': {
    prepare: (ground) => ofKeys(ground, 'revoke'),
    once: { keys: 2, valid: 1, used: 0 },
    answer: () => ({ status: 204 }),
  },
  'key.use': {
    prepare: (ground) => ofKeys(ground, 'use'),
    once: { keys: 2, valid: 2, used: 1 },
    answer: same,
  },
  // Who is told this page again is told of again: a page that nobody got counts as read.
  'audit.append': {
    prepare: readsAudit,
    once: { reads: 1 },
    withOrphan: { reads: 2 },
    answer: same,
  },
  'erasure.ask': {
    prepare: erased,
    once: { erasures: 1, entries: 1 },
    answer: () => ({ status: 202 }),
  },
  'suppression.add': {
    prepare: (ground) => suppressed(ground, 'add'),
    once: { entries: 1 },
    answer: same,
  },
  'suppression.remove': {
    prepare: (ground) => suppressed(ground, 'remove'),
    once: { entries: 0 },
    answer: same,
  },
  'session.open': {
    prepare: (ground) => ofSession(ground, 'open'),
    once: { sessions: 1, fresh: 1 },
    // The cookie of the first was told to nobody. It ends half an hour later.
    withOrphan: { sessions: 2, fresh: 2 },
    answer: () => ({ status: 303 }),
  },
  'session.use': {
    prepare: (ground) => ofSession(ground, 'use'),
    once: { sessions: 1, fresh: 1 },
    answer: same,
  },
  'session.end': {
    prepare: (ground) => ofSession(ground, 'end'),
    once: { sessions: 0, fresh: 0 },
    answer: () => ({ status: 303 }),
  },
  // It reads, and leaves nothing.
  'metrics.read': {
    prepare: async () => ({
      request: { method: 'GET', path: '/metrics', headers: {}, body: '' },
      effect: async () => null,
    }),
    once: null,
    answer: same,
  },
};

/** The name of a point's COMMIT; a place between two is its own. */
type NameOf<Point extends string> = Point extends `${infer Name}:${'before' | 'after'}_commit`
  ? Name
  : Point;

/** The same request, which dies at a COMMIT that comes after the one that it is for. */
function behind(death: Death): Death {
  return { ...death, isBehind: true };
}
