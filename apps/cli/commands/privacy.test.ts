import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, layGround } from '../testing/ground.ts';
import { runCli } from '../testing/run-cli.ts';

/** What a privacy officer does, against an API and a worker that are processes of their own. */
let ground: Ground;
let key: string;
beforeAll(async () => {
  ground = await layGround();
  key = await ground.key(['admin']);
}, 120_000);
afterAll(() => ground.close());

const why = ['--reason', 'ticket 4711', '--requested-by', 'ana'];
const rollcall = (words: readonly string[], input = '') =>
  runCli(words, { url: ground.url, key }, input);
const receiptShape = /ers_[0-9a-f-]{36}/;

test('numbers are put on the suppression list from a file or standard input, counted, and taken off', async () => {
  const { folder } = await ground.list(1);
  const file = join(folder, 'objections.txt');
  await writeFile(file, '\ufeff+447911123401\r\n\r\n +447911123402 \r\n+447911123401\r\n');
  const added = await rollcall(['suppress', 'add', file, ...why]);
  expect([added.code, added.out], added.err).toEqual([0, '2 numbers added, 0 on it before.\n']);
  const again = await rollcall(['suppress', 'add', '-', ...why, '--json'], '+447911123402\n');
  expect(JSON.parse(again.out)).toEqual({ added: 0, known: 1 });
  const shown = await rollcall(['suppress', 'show']);
  expect(shown.out).toMatch(
    /^numbers {3}2: 2 put there, 0 erased\nchanged {3}20.*Z\nsecret {4}test \(current\): 2 numbers, 0 erased, 0 receipts\n$/,
  );
  expect(JSON.parse((await rollcall(['suppress', 'show', '--json'])).out)).toMatchObject({
    numbers: 2,
  });
  const off = await rollcall(
    ['suppress', 'remove', '-', ...why],
    '+447911123401\n+447911123402\n+447911123403\n',
  );
  expect([off.code, off.out]).toEqual([0, '2 numbers removed, 1 not on it.\n']);
  for (const { out, err } of [added, again, shown, off]) expect(out + err).not.toMatch('79111234');
}, 120_000);

test('numbers are erased, followed until they are, and shown by their receipts, which tell whom they were sent to', async () => {
  const numbers = ['+447911123411', '+447911123412', '+447911123413'];
  const said = ['--check', 'telegram', '--purpose', 'a test', '--requested-by', 'vitest'];
  const checked = await rollcall(['check', '-', ...said, '--wait'], numbers.join('\n'));
  const [first, second] = numbers;
  const erased = await rollcall(['erase', '-', ...why, '--wait'], `\n${first}\n${second}\n`);
  expect(erased.code, erased.err).toBe(0);
  const [head, ...rows] = erased.out.trim().split('\n');
  expect(head).toBe('line\treceipt\tdue');
  expect(rows.map((row) => row.split('\t')[0])).toEqual(['2', '3']);
  expect(erased.err).toMatch(
    /is done: .*job_numbers 1.*; 2 files without it now\. It had been sent to ekycpro\./,
  );
  const [id = ''] = receiptShape.exec(rows[0] ?? '') ?? [];
  const shown = await rollcall(['erasure', id, '--watch']);
  expect([shown.code, shown.out], shown.err).toEqual([
    0,
    expect.stringMatching(
      /^receipt {3}ers_.* done\nasked {5}.* for ana: ticket 4711\ndone .*\nreference HMAC-SHA-256 under test: [0-9a-f]{64}\nremoved .*job_numbers 1.*\nsent to {3}ekycpro at http.*, in 1 upload\n {10}20.* chk_/,
    ),
  ]);
  expect(shown.out).toMatch(
    new RegExp(`^upload {4}${checked.out.trim()} rewritten, SHA-256 `, 'm'),
  );
  const json = JSON.parse((await rollcall(['erasure', id, '--json'])).out);
  expect(json).toMatchObject({ id, state: 'done', removed: { job_numbers: 1, results: 1 } });

  // What was erased is taken off the list by a word of its own alone, and the line is named.
  const list = `${numbers[2]}\n${first}\n`;
  const kept = await rollcall(['suppress', 'remove', '-', ...why], list);
  expect([kept.code, kept.err]).toEqual([
    3,
    expect.stringMatching(/Line 2: it was erased: with --erasure it is taken off/),
  ]);
  const off = await rollcall(['suppress', 'remove', '-', '--erasure', ...why], list);
  expect([off.code, off.out]).toEqual([0, '1 number removed, 1 not on it.\n']);
  for (const { out, err } of [erased, shown, kept, off]) expect(out + err).not.toMatch('79111234');
}, 120_000);

test('receipts are JSON, one a line, and are there before anything is done where nobody waits', async () => {
  const asked = await rollcall(['erase', '-', ...why, '--json'], '+447911123421\n+447911123422\n');
  const receipts = asked.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(receipts).toMatchObject([{ reason: 'ticket 4711' }, { requested_by: 'ana' }]);
  const waited = await rollcall(
    ['erase', '-', ...why, '--wait', '--json'],
    '+447911123421\n+447911123423\n',
  );
  const done = waited.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(done).toMatchObject([{ state: 'done' }, { state: 'done' }]);
  const told = await rollcall(['erase', '-', ...why], '+447911123424\n');
  expect(told.err).toMatch(/Follow it with: rollcall erasure ers_[0-9a-f-]{36} --watch/);
}, 120_000);

test('a list that is not one is refused before anything is sent, and a number on the command line is not repeated', async () => {
  const before = (await rollcall(['suppress', 'show'])).out;
  const cases: readonly (readonly [readonly string[], string, number, string])[] = [
    [['-', ...why], '+447911123431\n\n07911123432\n+44 7911 123433\n', 2, 'Line 3, 4: write +'],
    [['-', ...why], '\n\n', 2, 'empty'],
    [['+447911123434', ...why], '', 2, 'does not stand on the command line'],
    [['no-such-file', ...why], '', 2, 'there is no such file'],
    [['-'], '+447911123435\n', 2, '--reason'],
    [['-', '--reason', 'WHY', '--requested-by', 'ana'], '+447911123435\n', 2, 'Fill it in'],
    [['-', ...why], '+447911123436\n'.repeat(20_000), 2, 'at most 1,000 numbers'],
  ];
  for (const [words, input, code, says] of cases) {
    const refused = await rollcall(['erase', ...words], input);
    expect([refused.code, refused.out, refused.err]).toEqual([
      code,
      '',
      expect.stringContaining(says),
    ]);
    expect(refused.err).not.toContain('79111234');
  }
  expect((await rollcall(['suppress', 'show'])).out).toBe(before);
  const lacking = { url: ground.url, key: await ground.key(['jobs:read']) };
  const refused = await runCli(['erase', '-', ...why], lacking, '+447911123437\n');
  expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('scope admin')]);
  const unknown = await rollcall(['erasure', 'ers_01929d3e-c000-7a31-9f5c-0242ac120007']);
  expect(unknown.code).toBe(3);
}, 120_000);
