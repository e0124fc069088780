import { expect, test } from 'vitest';
import { allowedDecisions, decisionsFor, factsFitting, type HeldFacts } from './decide-held.ts';

const held: HeldFacts = {
  reason: 'unknown',
  attemptOutcome: 'unknown',
  jobState: 'running',
  hasResult: false,
};

test('an unknown upload may be adopted, paid again or given up', () => {
  expect(allowedDecisions(held)).toEqual(['adopt', 'pay_again', 'give_up']);
});

test('of a cancelled job nothing is paid again', () => {
  expect(allowedDecisions({ ...held, jobState: 'cancelling' })).toEqual(['adopt', 'give_up']);
});

test('a file is read again only where there is one', () => {
  expect(allowedDecisions({ ...held, reason: 'artifact' })).toEqual(['keep_polling', 'give_up']);
  expect(allowedDecisions({ ...held, reason: 'artifact', hasResult: true })).toEqual([
    'keep_polling',
    'replay',
    'give_up',
  ]);
  expect(allowedDecisions({ ...held, reason: 'poll', hasResult: true })).toContain('replay');
  expect(allowedDecisions({ ...held, reason: 'poll' })).not.toContain('replay');
});

test('giving up is always left', () => {
  for (const decisions of Object.values(decisionsFor)) expect(decisions).toContain('give_up');
});

test('the facts that a decision fits are those under which it is allowed', () => {
  const replayed = factsFitting('replay');
  expect(replayed).toContainEqual({ ...held, reason: 'artifact', hasResult: true });
  expect(replayed).not.toContainEqual({ ...held, reason: 'artifact' });
  expect(factsFitting('pay_again')).not.toContainEqual({ ...held, jobState: 'cancelling' });
  expect(factsFitting('give_up')).toContainEqual({ ...held, jobState: 'cancelling' });
});
