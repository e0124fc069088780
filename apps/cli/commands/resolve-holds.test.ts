import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { ResolvedHolds } from '@rollcall/contract';
import { expect, onTestFinished, test } from 'vitest';
import { runCli } from '../testing/run-cli.ts';
import { foreseenLines, resolvedLines } from './resolve-holds.ts';

const asked = {
  account: 'ekycpro',
  heldAs: 'unknown',
  decision: 'pay_again',
  reason: "support's word",
};
const command =
  "→ rollcall holds resolve --account ekycpro --held-as unknown --decision pay_again --reason 'support'\\''s word'";
const resolved: ResolvedHolds = {
  decision: 'pay_again',
  dry_run: false,
  matched: 2_500,
  decided: 2_000,
  repeated: 1_000,
  refused: 0,
  remaining: 500,
  money: [{ amount: '2', currency: 'USD' }],
  outcomes: [],
};
const keyed = { ...asked, costCeiling: '2.5', expect: 2_500, idempotencyKey: 'night-1' };

test('a dry run names the command that decides, with the ceiling for all', () => {
  const dry = {
    ...resolved,
    dry_run: true,
    decided: 2_500,
    remaining: 0,
    money: [{ amount: '2.5', currency: 'USD' }],
  };
  expect(foreseenLines(dry, asked)).toEqual([
    'pay_again would be decided on 2,500 uploads of 2,500, 2.5 USD. 0 are shown. Nothing was decided.',
    'To decide, the ceiling being for all of them together:',
    `${command} --cost-ceiling 2.5 --expect 2500`,
  ]);
});

test('what is left is gone on with under the same key, and what an earlier call decided is told apart', () => {
  expect(resolvedLines(resolved, keyed)).toEqual([
    'pay_again was decided on 1,000 more uploads: on 2,000 uploads of 2,500, 2 USD under this key.',
    '500 uploads not looked at yet. To go on with them:',
    `${command} --cost-ceiling 2.5 --expect 2500 --idempotency-key night-1`,
  ]);
  expect(
    resolvedLines({ ...resolved, repeated: 2_000, remaining: 0, refused: 500 }, keyed),
  ).toEqual([
    'pay_again was decided on 2,000 uploads of 2,500, 2 USD, before and under this key; nothing more is paid. 500 refused.',
  ]);
  expect(resolvedLines({ ...resolved, repeated: 0, remaining: 0 }, keyed)).toEqual([
    'pay_again was decided on 2,000 uploads of 2,500, 2 USD.',
  ]);
});

test('whoever loses the answer has the key that the decision went by, and the command that repeats it', async () => {
  const keys: string[] = [];
  const server = createServer((request: IncomingMessage) => {
    keys.push(String(request.headers['idempotency-key']));
    request.resume().on('end', () => void request.socket.destroy());
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  const words = ['holds', 'resolve', '--account', 'ekycpro', '--decision', 'pay_again'];
  const paying = [...words, '--reason', 'lost', '--cost-ceiling', '1', '--expect', '1'];
  const to = { url: `http://127.0.0.1:${address.port}`, key: 'rc_live_none' };
  const { code, err } = await runCli(paying, to);
  expect([code, keys]).toEqual([4, [expect.stringMatching(/^[0-9a-f-]{36}$/)]]);
  const [sent] = keys;
  expect(err.split('\n')[0]).toBe(`Idempotency-Key: ${sent}`);
  expect(err).toContain('It is not known what was decided.');
  expect(err).toContain(`--cost-ceiling 1 --expect 1 --idempotency-key ${sent}\n`);

  const shown = await runCli([...paying, '--json', '--idempotency-key', 'night-1'], to);
  expect(JSON.parse(shown.err).advice).toContainEqual(
    expect.stringMatching(/^→ rollcall holds resolve .* --idempotency-key night-1$/),
  );
  expect(keys).toEqual([sent, 'night-1']);
});
