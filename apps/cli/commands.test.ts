/**
 * The command line against an API, a worker and simulated providers that are processes of their own. One file, over 300 lines: a second one
 * would start them all once more.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Ground, layGround } from './testing/ground.ts';
import { runCli } from './testing/run-cli.ts';

let ground: Ground;
let key: string;
beforeAll(async () => {
  ground = await layGround();
  key = await ground.key(['admin']);
}, 120_000);
afterEach(async () => {
  await ground.simulator.control('DELETE', 'faults');
});
afterAll(() => ground.close());

const rollcall = (...words: string[]) => runCli(words, { url: ground.url, key });
const said = ['--check', 'telegram', '--purpose', 'a test', '--requested-by', 'vitest'];
/** The simulator leaves out some two numbers of a hundred, by what they are: a list of any may lack answers. */
const closedCodes = [0, 5];
const jobIdShape = /^job_[0-9a-f-]{36}$/;

test('a list is checked, waited for and written to a file that is whole; standard output has the id alone', async () => {
  const { file, folder } = await ground.list(300);
  const out = join(folder, 'out.csv');
  const ran = await rollcall('check', file, ...said, '--wait', '--out', out);
  expect(closedCodes, ran.err).toContain(ran.code);
  expect(ran.out.trim()).toMatch(jobIdShape);
  expect((await readFile(out, 'utf8')).trim().split('\n')).toHaveLength(301);
  expect((await readdir(folder)).sort()).toEqual(['numbers.csv', 'out.csv']);
  expect(ran.out + ran.err).not.toMatch(/\u001b|rc_live_/);

  const before = await ground.jobCount();
  const again = await rollcall('check', file, ...said, '--out', out);
  expect([again.code, await ground.jobCount()]).toEqual([2, before]);
  expect(again.err).toContain('--force');
});

test('numbers come from standard input too, and what is read and listed is plain text or JSON', async () => {
  const ran = await runCli(
    ['check', '-', ...said, '--wait', '--json'],
    { url: ground.url, key },
    '+447911000001\nnobody\n',
  );
  expect(ran.code, ran.err).toBe(0);
  const job = JSON.parse(ran.out);
  expect(job).toMatchObject({ state: 'completed', counts: { lines: 2, accepted: 1, rejected: 1 } });
  const results = await rollcall('results', job.id);
  expect(results.out.split('\n')[1]).toMatch(/^\+447911000001\t/);
  expect((await rollcall('rejects', job.id)).out).toBe(
    'line\treason\traw\n2\tnot_a_number\tnobody\n',
  );
  const rows = (await rollcall('rejects', job.id, '--json')).out;
  expect(
    rows
      .trim()
      .split('\n')
      .map((row) => JSON.parse(row)),
  ).toEqual([{ line: 2, reason: 'not_a_number', raw: 'nobody' }]);
  const found = JSON.parse((await rollcall('jobs', '--limit', '1', '--json')).out);
  expect(found.data[0].id).toBe(job.id);
  expect((await rollcall('job', job.id)).out).toContain(
    '2 = 1 accepted + 0 duplicates + 1 rejected (not_a_number 1)',
  );
  const exported = await rollcall('export', job.id, '--format', 'ndjson', '--shape', 'upload');
  expect(exported.out.trim().split('\n')).toHaveLength(2);
});

test('what waits for a person ends the wait with 6, the doctor says what it costs, and a decision goes on', async () => {
  const { file } = await ground.list(50);
  expect((await rollcall('doctor')).code).toBe(0);
  await ground.fault({ kind: 'reset' });
  const ran = await rollcall('check', file, ...said, '--wait');
  expect(ran.code, ran.err).toBe(6);
  const id = ran.out.trim();
  expect(ran.err).toContain(`rollcall holds --job ${id}`);

  const doctor = await rollcall('doctor');
  expect(doctor.code).toBe(6);
  const [, chunk = ''] =
    /^held: (chk_[0-9a-f-]+): unknown.* in doubt 0\.025 USD\n {4}→ rollcall holds chk_/m.exec(
      doctor.out,
    ) ?? [];
  expect(chunk, doctor.out).not.toBe('');
  const { findings } = JSON.parse((await rollcall('doctor', '--json')).out);
  expect(findings[0]).toMatchObject({ kind: 'held', money: { amount: '0.025', currency: 'USD' } });

  expect((await rollcall('holds')).out.split('\n')[1]).toContain(chunk);
  const shown = (await rollcall('holds', chunk)).out;
  const [, attempt = ''] =
    /--attempt (att_[0-9a-f-]+) --decision give_up --reason '…'/.exec(shown) ?? [];
  expect(attempt, shown).not.toBe('');
  expect(shown).toContain("--decision pay_again --reason '…' --cost-ceiling 0.025");
  expect(shown).toContain('give_up: its numbers end as failed');
  expect(shown).toMatch(/^ask .* was a task of 50 numbers made /m);
  const before = ['--attempt', attempt.replace(/.$/, attempt.endsWith('0') ? '1' : '0')];
  const other = await rollcall(
    ...['holds', 'resolve', chunk, ...before, '--decision', 'give_up', '--reason', 'lost'],
  );
  expect([other.code, other.err]).toEqual([3, expect.stringContaining('not_held')]);
  const wrong = await rollcall(
    'holds',
    'resolve',
    chunk,
    '--decision',
    'replay',
    '--reason',
    'why not',
  );
  expect([wrong.code, wrong.err]).toEqual([3, expect.stringContaining('decision_not_allowed')]);
  const all = ['holds', 'resolve', '--decision', 'give_up', '--reason', 'lost'];
  const ofAll = await rollcall(...all);
  expect([ofAll.code, ofAll.err]).toEqual([2, expect.stringContaining('Name a hold')]);
  const ofJob = [...all, '--job', id, '--detail', 'connection_lost'];
  const foreseen = await rollcall(...ofJob);
  expect([foreseen.code, foreseen.out]).toEqual([
    0,
    expect.stringMatching(
      `${chunk}\twould_be_decided\theld\t50\t0.025 USD\tconnection_lost\t20.*Z\t${id}`,
    ),
  ]);
  const command = `→ rollcall holds resolve --job ${id} --detail connection_lost --decision`;
  expect(foreseen.err).toContain(`${command} give_up --reason lost --expect 1\n`);
  const paying = ofJob.map((word) => (word === 'give_up' ? 'pay_again' : word));
  expect((await rollcall(...paying)).err).toContain(
    `${command} pay_again --reason lost --cost-ceiling 0.025 --expect 1\n`,
  );
  const tooLow = await rollcall(...paying, '--cost-ceiling', '0.024');
  expect([tooLow.code, tooLow.err]).toEqual([3, expect.stringContaining('cost_ceiling_too_low')]);
  const miscounted = await rollcall(...ofJob, '--expect', '2');
  expect([miscounted.code, miscounted.err]).toEqual([
    3,
    expect.stringContaining('expected_count_differs'),
  ]);
  const giveUp = ['holds', 'resolve', chunk, '--attempt', attempt, '--decision', 'give_up'];
  const decided = await rollcall(...giveUp, '--reason', 'lost');
  expect([decided.code, decided.out]).toEqual([0, `${chunk}: give_up; it is failed now.\n`]);
  expect(decided.err).toContain(`rollcall job ${id}`);
  const again = await rollcall(...giveUp, '--reason', 'lost');
  expect([again.code, again.out]).toEqual([
    0,
    expect.stringContaining('was already decided at 20'),
  ]);
  const gone = await rollcall('holds', chunk);
  expect([gone.code, gone.err]).toEqual([3, expect.stringContaining(`→ rollcall chunks ${chunk}`)]);
  const kept = (await rollcall('chunks', chunk)).out;
  expect(kept).toContain(`${chunk}, number 1 of ${id}`);
  expect(kept).toMatch(/^decided .* give_up by key_.*: lost$/m);
  const closed = await rollcall('job', id, '--watch');
  expect([closed.code, closed.err]).toEqual([5, expect.stringContaining('completed_with_errors')]);

  const refused = await rollcall('retry', id);
  expect(refused.code).toBe(3);
  expect(refused.err).toContain('--approve');
  const retried = await rollcall(
    'retry',
    id,
    '--approve',
    'they said so',
    '--cost-ceiling',
    '1',
    '--wait',
  );
  expect(closedCodes, retried.err).toContain(retried.code);
}, 120_000);

test('a job is paused, resumed, changed and cancelled, and says what that means', async () => {
  const { file } = await ground.list(50);
  await ground.simulator.control('PATCH', 'settings', { processing_ms_base: 60_000 });
  const { out } = await rollcall('check', file, ...said);
  const id = out.trim();
  await waitFor(async () => (await rollcall('job', id)).out.includes('running'), {
    timeoutMs: 60_000,
    describe: 'the job to be planned',
  });
  expect((await rollcall('pause', id)).out).toBe(`${id} is paused.\n`);
  expect((await rollcall('resume', id)).out).toBe(`${id} is running.\n`);
  expect((await rollcall('change', id, '--name', 'mine', '--max-cost', '9')).out).toContain(
    'at most 9',
  );
  expect((await rollcall('change', id)).code).toBe(2);
  expect((await rollcall('cancel', id)).out).toMatch(
    /not sent[^]*may still be charged[^]*\n {2}paid /,
  );
  await ground.simulator.control('PATCH', 'settings', { processing_ms_base: 0 });
  // What was in flight was all there was: it came in, and nothing of it was cancelled.
  expect(closedCodes).toContain((await rollcall('job', id, '--watch')).code);
}, 120_000);

test('paid again behind an open breaker, it is said that the account has to be resumed', async () => {
  const { file } = await ground.list(50);
  await ground.fault({ kind: 'answer', status: 200, text: '<html>' });
  const ran = await rollcall('check', file, ...said, '--wait');
  expect(ran.code, ran.err).toBe(6);
  const doctor = (await rollcall('doctor')).out;
  expect(doctor).toMatch(/opened for unreadable_answer[^]*→ rollcall holds --account ekycpro/);
  const [, chunk = ''] = /^held: (chk_\S+): unknown \(unreadable_answer\)/m.exec(doctor) ?? [];
  const paid = ['--decision', 'pay_again', '--cost-ceiling', '1', '--reason', 'support said no'];
  const decided = await rollcall('holds', 'resolve', chunk, ...paid);
  expect(decided.code, decided.err).toBe(0);
  expect(decided.err).toMatch(/ekycpro: .* nothing of it is held\..*resume it to send at once/);
  const stopped = await rollcall('doctor');
  expect([stopped.code, stopped.out]).toEqual([
    6,
    expect.stringMatching(
      /unreadable_answer, nothing of it is held any more.*\n.*\n {4}→ rollcall accounts resume ekycpro --reason '…'/,
    ),
  ]);
  const resumed = await rollcall('accounts', 'resume', 'ekycpro', '--reason', 'well again');
  expect(resumed.out).toBe('ekycpro is ready.\n');
  expect(closedCodes).toContain((await rollcall('job', ran.out.trim(), '--watch')).code);
}, 120_000);

test('accounts are paused and resumed, with the doctor looking on', async () => {
  expect((await rollcall('accounts', 'pause', 'webcom', '--reason', 'tests')).out).toBe(
    'webcom is paused.\n',
  );
  const doctor = await rollcall('doctor');
  expect([doctor.code, doctor.out]).toEqual([
    6,
    expect.stringMatching(/ {4}A person paused it.*\n {4}→ rollcall accounts resume webcom/),
  ]);
  const resume = ['accounts', 'resume', 'webcom', '--reason'];
  expect((await rollcall('accounts', 'resume', 'webcom')).code).toBe(2);
  expect((await rollcall(...resume, '…')).code).toBe(2);
  expect((await rollcall(...resume, 'well again')).out).toBe('webcom is ready.\n');
  expect((await rollcall(...resume, 'once more')).out).toBe(
    'webcom was not stopped and is ready; nothing was written down.\n',
  );
  expect((await rollcall('accounts', 'webcom')).out).toMatch(/^resumed .* by key_.*: well again$/m);
  expect((await rollcall('accounts', 'webcom')).out).toContain('state     ready');
  expect((await rollcall('checks')).out).toContain('telegram\tekycpro*\t0.0005\tUSD\t1\t');
});

test('a list that nobody has said the meaning of is saved, its account confirmed, and the list read', async () => {
  await ground.database.query(
    "UPDATE store.account_states SET semantics_confirmed = false WHERE account = 'webcom'",
  );
  expect((await rollcall('accounts', 'webcom')).out).toContain('rollcall accounts confirm webcom');
  const { file, folder } = await ground.list(200);
  const asked = ['--check', 'viber', '--purpose', 'a test', '--requested-by', 'vitest'];
  const ran = await rollcall('check', file, ...asked, '--wait');
  expect(ran.code, ran.err).toBe(6);
  const doctor = await rollcall('doctor');
  const [, chunk = ''] =
    /→ rollcall holds artifact (chk_\S+) --out artifact\.bin, .* rollcall accounts confirm webcom --reason '…'/.exec(
      doctor.out,
    ) ?? [];
  expect(chunk, doctor.out).not.toBe('');
  expect((await rollcall('holds', chunk)).out).toContain(`rollcall holds artifact ${chunk}`);

  const out = join(folder, 'artifact.txt');
  const saved = await rollcall('holds', 'artifact', chunk, '--out', out);
  expect([saved.code, saved.out], saved.err).toEqual([0, '']);
  const bytes = await readFile(out);
  expect(bytes.toString()).toMatch(/^\+?447911\d{6}\r?\n/);
  expect(saved.err).toContain(`SHA-256 ${createHash('sha256').update(bytes).digest('hex')}`);
  expect((await rollcall('holds', 'artifact', chunk, '--out', out)).code).toBe(2);

  expect((await rollcall('accounts', 'confirm', 'webcom')).code).toBe(2);
  const confirmed = await rollcall('accounts', 'confirm', 'webcom', '--reason', 'ten are known');
  expect(confirmed.out).toBe('webcom is confirmed.\n');
  expect((await rollcall('accounts', 'webcom')).out).toMatch(/confirmed at .* ten are known/);
  const replay = ['holds', 'resolve', chunk, '--decision', 'replay', '--reason'];
  expect((await rollcall('doctor')).out).toContain(`→ rollcall ${replay.join(' ')} '…'`);
  expect((await rollcall(...replay, 'confirmed')).code).toBe(0);
  expect((await rollcall('job', ran.out.trim(), '--watch')).code).toBe(0);
}, 120_000);

test('a key is made into a file that only its owner reads, works, is rotated, and is revoked', async () => {
  const { folder } = await ground.list(1);
  const file = join(folder, 'key');
  const made = await rollcall(
    'keys',
    'create',
    '--name',
    'ana',
    '--scopes',
    'jobs:read',
    '--numbers-per-day',
    '500',
    '--cost-per-day',
    '2.50',
    '--out',
    file,
    '--json',
  );
  expect(made.out).not.toContain('rc_live_');
  const { id: first } = JSON.parse(made.out);
  const asAna = (...words: string[]) => runCli([...words, '--key-file', file], { url: ground.url });
  const me = (await asAna('keys', 'me')).out;
  expect(me).toContain(`${first} (ana)`);
  expect(me).toContain('Limits: 500 numbers a day, 2.5 a day in each currency');
  expect(me).toContain('Today (UTC): 0 numbers (500 left)');
  const changed = await rollcall('keys', 'change', first, '--cost-per-day', 'none');
  expect(changed.out).toBe(`${first} (ana): 500 numbers a day\n`);
  const unlimited = await rollcall('keys', 'change', first, '--numbers-per-day', 'none');
  expect(unlimited.out).toBe(`${first} (ana): no limits\n`);

  const rotated = await rollcall(
    'keys',
    'rotate',
    first,
    '--overlap',
    '0',
    '--out',
    file,
    '--force',
    '--json',
  );
  expect([rotated.code, rotated.out.includes('rc_live_')]).toEqual([0, false]);
  const { id, rotated_from } = JSON.parse(rotated.out);
  expect(rotated_from).toBe(first);
  expect((await asAna('keys', 'me')).out).toContain(`${id} (ana)`);
  const forbidden = await asAna('keys');
  expect([forbidden.code, forbidden.err]).toEqual([3, expect.stringContaining('admin')]);
  expect((await rollcall('keys', 'revoke', id)).code).toBe(0);
  const revoked = await asAna('jobs');
  expect([revoked.code, revoked.err]).toEqual([2, expect.stringContaining('ROLLCALL_API_KEY')]);
  expect(revoked.err).not.toContain('rc_live_');
});

test('a dry run says what a job would be and cost, and sends nothing', async () => {
  const { file } = await ground.list(50);
  const before = await ground.jobCount();
  const ran = await rollcall('check', file, ...said, '--dry-run', '--json');
  expect(ran.code, ran.err).toBe(0);
  expect(JSON.parse(ran.out)).toMatchObject({
    counts: { lines: 50, accepted: 50, duplicates: 0, rejected: 0, column: 'phone' },
    offer: { account: 'ekycpro', price_per_number: '0.0005' },
    cost: '0.025',
    currency: 'USD',
    refused: [],
  });
  const few = await rollcall('check', file, '--check', 'facebook', '--dry-run');
  expect([few.code, few.out]).toEqual([3, expect.stringContaining('at least 100 numbers')]);
  expect(await ground.jobCount()).toBe(before);
});
