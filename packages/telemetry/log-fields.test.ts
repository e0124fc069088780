import { type IdKind, idPrefixes, makeId } from '@rollcall/domain';
import { expect, test } from 'vitest';
import { allowedFields, type LogFields } from './log-fields.ts';

// Alone, without the second net that create-logger.test.ts has beneath it.

const canary = '4915112345678';
const words = [
  'request',
  'account',
  'check',
  'adapter',
  'stage',
  'queue',
  'backend',
  'state_from',
  'state_to',
  'reason',
  'decision',
  'status_word',
  'method',
  'route',
  'error_code',
  'error_class',
  'error_message',
  'error_stack',
] as const satisfies (keyof LogFields)[];

test.each(Object.keys(idPrefixes) as IdKind[])(
  'an id of the kind %s is written as it is',
  (kind) => {
    const id = makeId(kind, 1_782_000_000_000, Buffer.from('75369290545099123456', 'hex'));
    expect(allowedFields({ job: id })).toEqual({ job: id });
  },
);

test.each(words)('a number or key in the text %s is masked', (name) => {
  const text = `of +49 151 12345678, ${canary}, Bearer plainsecret`;
  expect(allowedFields({ [name]: text })).toEqual({
    [name]: 'of [number], [number], Bearer [key]',
  });
});

test.each(['status_code', 'port', 'bytes', 'fence', 'duration_ms', 'wait_ms'] as const)(
  'a phone number in the figure %s is masked',
  (name) => {
    expect(allowedFields({ [name]: Number(canary) })).toEqual({ [name]: '[number]' });
    expect(allowedFields({ [name]: 250 })).toEqual({ [name]: 250 });
  },
);

test.each(['job', 'chunk', 'attempt', 'artifact', 'approval', 'api_key'] as const)(
  'what is no id of ours does not get in as %s',
  (name) => {
    expect(allowedFields({ [name]: canary })).toEqual({ [name]: '[masked]' });
  },
);

test('a count that may be a phone number is masked, and one named by a number is left out', () => {
  const counts = { numbers: 20_000, last: Number(canary), [`n${canary}`]: 1 };
  expect(allowedFields({ counts })).toEqual({ counts: { numbers: 20_000, last: '[number]' } });
});

test('a text is scrubbed before it is cut, so that no half of a number stays legible', () => {
  const { reason } = allowedFields({ reason: `${'x'.repeat(115)}${canary}` });
  expect(reason).not.toMatch(/\d/);
});

test('a field that is not on the list does not get in', () => {
  const smuggled: LogFields = Object.assign({ stage: 'submit' }, { number: canary });
  expect(allowedFields(smuggled)).toEqual({ stage: 'submit' });
});
