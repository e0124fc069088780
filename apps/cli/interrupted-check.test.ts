import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { Interrupted } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { runProgram } from './run-program.ts';

/** Starts `check` on a list, with a person who can end it. */
function startCheck(url: string, words: readonly string[]) {
  const person = new AbortController();
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const said = text(stderr);
  const ended = runProgram(
    ['check', ...words, '--check', 'telegram', '--purpose', 'a test', '--requested-by', 'vitest'],
    {
      stdin,
      stdout,
      stderr,
      signal: person.signal,
      environment: { ROLLCALL_URL: url, ROLLCALL_API_KEY: 'rc_live_test' },
    },
  ).finally(() => stderr.end());
  return { ended, said, stdin, interrupt: () => person.abort(new Interrupted('SIGINT')) };
}

test('Ctrl-C in a second upload says that the first one, which was sent whole, may have made the job', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'check-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'list.txt'), '+447911123456\n'.repeat(1_000_000));
  const second = new PassThrough();
  let tries = 0;
  const server = createServer((request) => {
    tries += 1;
    // The first is received whole and never answered; of the second only the beginning is taken.
    if (tries === 1) void buffer(request).then(() => request.socket.destroy());
    else request.once('readable', () => second.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const run = startCheck(`http://127.0.0.1:${port}`, [join(folder, 'list.txt')]);
  await once(second.resume(), 'end');
  run.interrupt();
  expect(await run.ended).toBe(exitCodes.interrupted.code);
  expect(await run.said).toMatch(/whether its job was made is not known.*--idempotency-key/);
}, 180_000);

test.each([[], ['--dry-run']])(
  'Ctrl-C ends it while standard input says nothing %s',
  async (...flags) => {
    const run = startCheck('http://127.0.0.1:9', ['-', ...flags]);
    run.stdin.write('+447911123456\n');
    run.interrupt();
    expect(await run.ended).toBe(exitCodes.interrupted.code);
  },
);
