import { expect, test } from 'vitest';
import { checkMoney } from './check-money.ts';
import type { Facts } from './read-facts.ts';
import { approval, attempt, charge, chunk, facts, second } from './testing/made-facts.ts';

const unknown = attempt({ outcome: 'unknown', task_id: null, place: 'at_risk', answered: [] });
const notCharged = attempt({ ...unknown, outcome: 'not_charged', place: 'released' });
const writtenOff = attempt({ ...unknown, outcome: 'written_off', place: 'written_off' });
const again = attempt({
  id: 'att_2',
  task_id: 'task_2',
  answered: ['task_2'],
  created_at: second(11),
});
const chargeAt = (seq: number, at: number) =>
  charge({ seq, task_id: `task_${seq}`, at: second(at).toISOString() });

test.each<[string, Partial<Facts>]>([
  ['an accepted upload and its charge', {}],
  ['an upload that nobody knows of, and its charge', { attempts: [unknown] }],
  [
    'an upload that was refused, and the one after it',
    {
      attempts: [
        attempt({
          ...unknown,
          id: 'att_0',
          outcome: 'refused_free',
          place: 'released',
          created_at: second(0),
        }),
        attempt(),
      ],
    },
  ],
  [
    'a payment that a person wrote off, and the one that was approved then',
    {
      attempts: [writtenOff, again],
      approvals: [approval({ lifted_to: 'written_off' })],
      charges: [charge(), chargeAt(2, 12)],
    },
  ],
  [
    'an upload that was said not to be charged and was, and the one that was approved then',
    {
      attempts: [notCharged, again],
      approvals: [approval()],
      charges: [charge(), chargeAt(2, 12)],
    },
  ],
  [
    'a task that another one was shown for',
    { attempts: [unknown], charges: [charge({ shown_task_id: 'task_0' })] },
  ],
  [
    'an upload in doubt that was answered with the task of another',
    {
      chunks: [chunk(), chunk({ id: 'chk_2', sha256: 'sha of chk_2' })],
      attempts: [
        attempt(),
        attempt({ ...unknown, id: 'att_2', chunk_id: 'chk_2', answered: ['task_1'] }),
      ],
      charges: [
        charge(),
        charge({
          seq: 2,
          task_id: 'task_2',
          shown_task_id: 'task_1',
          numbers_sha256: 'sha of chk_2',
        }),
      ],
    },
  ],
  [
    'a chunk that was cut anew',
    { chunks: [chunk(), chunk({ id: 'chk_0', state: 'superseded', sha256: 'sha of chk_0' })] },
  ],
])('nothing is said of %s', (_, fields) => {
  expect(checkMoney(facts(fields))).toEqual([]);
});

test.each<[string, Partial<Facts>, string]>([
  [
    'two charges of one upload',
    { charges: [charge(), chargeAt(2, 3)] },
    'charge 2 (task task_2) has no approval of its own',
  ],
  [
    'a second upload without an approval',
    { attempts: [attempt(), again], charges: [charge(), chargeAt(2, 12)] },
    'charge 2 (task task_2) has no approval of its own',
  ],
  [
    'an approved upload that is sent twice, where the one before was not charged',
    {
      attempts: [notCharged, again],
      approvals: [approval()],
      charges: [chargeAt(2, 12), chargeAt(3, 13)],
    },
    'charge 3 (task task_3) has no approval of its own',
  ],
  [
    'an upload that is sent late, after somebody was told that it was not and has paid again',
    {
      attempts: [attempt({ ...notCharged, answered: ['task_3'] }), again],
      approvals: [approval()],
      charges: [chargeAt(2, 12), chargeAt(3, 13)],
    },
    'charge 3 (task task_3) has no approval of its own',
  ],
  [
    'an upload that is sent again after an approval, and not by an attempt of its own',
    { attempts: [writtenOff], approvals: [approval()], charges: [charge(), chargeAt(2, 12)] },
    'charge 2 (task task_2) has no attempt of its own',
  ],
])('%s is paid twice', (_, fields, what) => {
  expect(checkMoney(facts(fields))).toContainEqual(
    expect.objectContaining({
      kind: 'paid_twice',
      chunkId: 'chk_1',
      count: 20,
      what: expect.stringContaining(what),
    }),
  );
});

test.each<[string, Partial<Facts>, string]>([
  [
    'a charge before any upload',
    { attempts: [attempt({ ...unknown, created_at: second(5) })] },
    'is of no attempt',
  ],
  [
    'a charge of what was called free',
    { attempts: [attempt({ ...unknown, outcome: 'refused_free', place: 'released' })] },
    'which is refused_free',
  ],
  [
    'a charge of other numbers',
    {
      charges: [charge(), charge({ seq: 2, task_id: 'task_2', numbers_sha256: 'sha of nothing' })],
    },
    'is of no chunk',
  ],
  ['an acceptance without a charge', { charges: [] }, 'task task_1 was never charged'],
  [
    'another chunk’s task',
    { charges: [charge({ numbers_sha256: 'sha of chk_2' })] },
    'is of other numbers',
  ],
  ['another amount', { charges: [charge({ amount: 0.01 })] }, 'reserved 0.012000000, charged 0.01'],
  [
    'an acceptance that is not booked',
    { attempts: [attempt({ place: 'reserved' })] },
    'its money is reserved',
  ],
  [
    'an acceptance that was written down and thrown away',
    { attempts: [attempt({ ...unknown, answered: ['task_1'] })] },
    'attempt att_1 is unknown, and was answered with task task_1, which no attempt has',
  ],
])('%s is a difference of the books', (_, fields, what) => {
  expect(checkMoney(facts(fields))).toContainEqual(
    expect.objectContaining({ kind: 'money', count: 1, what: expect.stringContaining(what) }),
  );
});
