import { expect, test } from 'vitest';
import { createLogger } from './create-logger.ts';
import { describeError } from './describe-error.ts';
import { type EventName, eventMeanings } from './events.ts';
import { createLineWriter } from './line-writer.ts';
import type { LogFields } from './log-fields.ts';

/** A number and keys that must never be seen. */
const canary = '4915112345678';
const spokenCanary = '+49 151 12345678';
const apiKey = 'rc_live_ab12cd_verysecretindeed';
const chunk = 'chk_01932145-1234-7567-8901-234567890123';

function collect() {
  const lines: string[] = [];
  return {
    destination: { write: (line: string) => void lines.push(line) },
    text: () => lines.join(''),
    lines: () => lines.map((line): unknown => JSON.parse(line)),
  };
}

function expectNothingSecret(text: string): void {
  expect(text).not.toBe('');
  for (const secret of [canary, canary.slice(2), '12345678', '1234-5678', 'verysecret']) {
    expect(text).not.toContain(secret);
  }
}

test('a line is one JSON object with its event, its level, an ISO time and the given fields', () => {
  const out = collect();
  const log = createLogger({ name: 'worker', level: 'info', destination: out.destination });
  log.with({ chunk, account: 'ekycpro' }).info('chunk.accepted', {
    stage: 'submit',
    state_from: 'submitting',
    state_to: 'polling',
    counts: { numbers: 20_000 },
    duration_ms: 812.5,
  });
  expect(out.lines()).toEqual([
    {
      name: 'worker',
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      event: 'chunk.accepted',
      chunk,
      account: 'ekycpro',
      stage: 'submit',
      state_from: 'submitting',
      state_to: 'polling',
      counts: { numbers: 20_000 },
      duration_ms: 812.5,
    },
  ]);
});

test('levels below the configured one are not written', () => {
  const out = collect();
  const log = createLogger({ name: 'api', level: 'warn', destination: out.destination });
  log.debug('http.request');
  log.info('http.request');
  log.warn('http.failed');
  log.error('process.failed');
  expect(out.lines()).toMatchObject([{ level: 'warn' }, { level: 'error' }]);
});

test('a number or key in an error never reaches the output, by message, cause, stack, detail or code', () => {
  const out = collect();
  const log = createLogger({ name: 'worker', level: 'debug', destination: out.destination });
  const cause = Object.assign(new Error(`Key (number)=(${canary}) exists, X-API-Key: ${apiKey}`), {
    code: '23505',
    detail: canary,
  });
  const error = new TypeError(`sending ${spokenCanary} with Bearer ${apiKey} failed`, { cause });
  error.stack = `TypeError: ${canary}\n    at ${canary} (file.ts:3:5)\n    at run (file.ts:9:1)`;
  log.error('stage.failed', { chunk, ...describeError(error) });
  log.error('stage.failed', describeError(canary));
  log.error('stage.failed', describeError(Object.assign(new Error('x'), { code: canary })));
  log.error('stage.failed', describeError(new AggregateError([new Error(`to ${canary}`)])));
  expectNothingSecret(out.text());
  expect(out.lines()[0]).toMatchObject({
    error_code: '23505',
    error_class: 'TypeError',
    error_message:
      'sending [number] with Bearer [key] failed ← Key (number)=([number]) exists, X-API-Key: [key]',
    error_stack: 'at [number] (file.ts:3:5) at run (file.ts:9:1)',
  });
});

test('a number put in any field, or a field that is not on the list, never reaches the output', () => {
  const out = collect();
  const log = createLogger({ name: 'worker', level: 'debug', destination: out.destination });
  const words: LogFields = {
    job: canary,
    chunk: `chk_${canary}`,
    reason: `no answer for ${spokenCanary}`,
    status_word: apiKey,
    route: `/v1/numbers/${canary}`,
    counts: { numbers: Number(canary), [`n${canary}`]: 1 },
    duration_ms: Number(canary),
  };
  log.info('poll.unrecognised_status', words);
  const smuggled = {
    number: canary,
    message: canary,
    body: { deep: [canary] },
    error: new Error(canary),
  };
  log.info('chunk.done', Object.assign({ chunk }, smuggled));
  log.with(Object.assign({ chunk }, smuggled)).info('chunk.done');
  expectNothingSecret(out.text());
  expect(out.lines()[0]).toMatchObject({
    job: '[masked]',
    chunk: '[masked]',
    duration_ms: '[number]',
  });
  expect(Object.keys(out.lines()[1] ?? {})).toEqual(['level', 'time', 'name', 'event', 'chunk']);
});

test('an event that is not on the list is not written as itself', () => {
  const out = collect();
  const log = createLogger({ name: 'worker', level: 'debug', destination: out.destination });
  const invented: string = `found ${canary}`;
  log.info(invented as EventName);
  expect(out.lines()).toMatchObject([{ event: 'log.unrecognised_event' }]);
  expectNothingSecret(out.text());
});

test('the net beneath holds for a line that goes around the list of fields', () => {
  const out = collect();
  const pino = createLineWriter({ name: 'api', level: 'debug', destination: out.destination });
  pino.info(`checking ${canary} for %s`, spokenCanary);
  pino.info({ anything: { deep: [{ text: canary }], large: Number(canary) } }, 'with %s', apiKey);
  pino.error(new Error(`about ${canary}`));
  pino.info({ headers: { authorization: 'plainsecret', 'x-api-key': 'plainsecret' } });
  pino.info({ token: 'plainsecret', deep: { phone: 'plainsecret' } }, 'named');
  expectNothingSecret(out.text());
  expect(out.text()).not.toContain('plainsecret');
  expect(out.lines()).toHaveLength(5);
});

test('every event says in a sentence what happened', () => {
  for (const [name, meaning] of Object.entries(eventMeanings)) {
    expect(name).toMatch(/^[a-z]+\.[a-z_]+$/);
    expect(meaning).toMatch(/^[A-Z].{15,}\.$/);
  }
});
