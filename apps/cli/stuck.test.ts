import { expect, test } from 'vitest';
import { blockedReasons, heldReasons } from '@rollcall/domain';
import { nextStepOf, resumeStepOf, stepText, stuckOf } from './stuck.ts';

const waits = (state: 'held' | 'blocked' | 'waiting', reason: string, numbers: number) => ({
  state,
  reason,
  numbers,
});
const facts = { state: 'running', counts: { pending: 60 }, attention: [] } as const;

test.each([
  ['nothing waits', [], 'moving'],
  ['all that is left is held', [waits('held', 'unknown', 60)], 'stuck'],
  ['some of it is held', [waits('held', 'unknown', 59)], 'moving'],
  ['the provider has no money', [waits('blocked', 'provider_balance', 60)], 'stuck'],
  ['the provider waits to be paid', [waits('waiting', 'provider_balance', 60)], 'stuck'],
  [
    'the rest waits behind a held canary',
    [waits('held', 'artifact', 10), waits('blocked', 'canary', 50)],
    'stuck',
  ],
  ['the rest waits behind a canary that moves', [waits('blocked', 'canary', 59)], 'moving'],
  ['a breaker tries by itself', [waits('blocked', 'breaker', 60)], 'moving'],
  [
    'a new day brings a new cap',
    [waits('held', 'poll', 10), waits('blocked', 'account_cap', 50)],
    'moving',
  ],
])('%s: %s', (_, attention, kind) => {
  expect(stuckOf({ ...facts, attention }).kind).toBe(kind);
});

test('a paused job waits for a person', () => {
  expect(stuckOf({ ...facts, state: 'paused' })).toEqual({
    kind: 'stuck',
    why: 'paused',
  });
});

const job = { id: 'job_1', account: 'ekycpro' };
const blocked = (reason: string) => stepText(nextStepOf({ state: 'blocked', reason }, job));

test('there is a command for everything that waits, but for what waits for the first upload', () => {
  const commands = [
    ...heldReasons.map((reason) => nextStepOf({ state: 'held', reason }, job).command),
    ...blockedReasons
      .filter((reason) => reason !== 'canary')
      .map((reason) => nextStepOf({ state: 'blocked', reason }, job).command),
  ];
  for (const command of commands) expect(command).toMatch(/^rollcall [a-z]+ /);
  expect(blocked('canary')).toBe("waits for the job's first upload; nothing to do");
});

test('a refused key is replaced before the account is resumed, and a breaker is not resumed', () => {
  expect(blocked('auth')).toBe(
    "put a valid key into the workers' environment and restart them, then → rollcall accounts resume ekycpro --reason '…' (resuming with the old key can put one more upload in doubt)",
  );
  expect(blocked('account_paused')).toBe("→ rollcall accounts resume ekycpro --reason '…'");
  expect(resumeStepOf({ id: 'facebook', adapter: 'simple-tasks' }, 'auth').caution).toBe(
    'with the old key the next upload is refused again, for free',
  );
  expect(resumeStepOf({ id: 'webcom', adapter: 'webcom' }, 'auth').caution).toContain('in doubt');
  expect(blocked('breaker')).toBe(
    '→ rollcall accounts ekycpro (one upload goes by itself when its time is over; accepted, the others follow)',
  );
});
