import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, type TestContext } from 'vitest';
import { type EmbeddedRedis, startRedis } from './start-redis.ts';

test('Redis answers, never evicts and keeps nothing by default', async (context) => {
  const redis = await startOrSkip(context);
  expect(redis.version).toMatch(/^(redis|valkey) \d+\.\d+/);
  const answer = await ask(
    redis.url,
    'CONFIG GET maxmemory-policy\r\nCONFIG GET appendonly\r\nSAVE',
  );
  expect(answer).toContain('noeviction');
  expect(answer).toMatch(/appendonly\s+\$2\s+no/);
});

test('Redis refuses whoever does not know the password', async (context) => {
  const redis = await startOrSkip(context);
  expect(await ask(redis.url.replace(/:[0-9a-f]{48}/, ':guess'), 'PING')).toContain('-WRONGPASS');
});

test('Redis with a data directory remembers across a stop', async (context) => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'rollcall-test-'));
  await chmod(dataDirectory, 0o711);
  onTestFinished(() => rm(dataDirectory, { recursive: true, force: true }));
  const first = await startOrSkip(context, { dataDirectory });
  expect(await ask(first.url, 'SET word kept')).toContain('+OK\r\n+OK');
  await first.stop();
  const second = await startOrSkip(context, { dataDirectory });
  expect(await ask(second.url, 'GET word')).toContain('kept');
});

async function startOrSkip(
  context: TestContext,
  options?: { dataDirectory: string },
): Promise<EmbeddedRedis> {
  const redis = await startRedis(options);
  if ('unavailable' in redis) return context.skip(redis.unavailable);
  onTestFinished(redis.stop);
  return redis;
}

/** Sends AUTH and the commands in Redis's inline form and gives everything that came back. */
function ask(url: string, commands: string): Promise<string> {
  const { port, password } = new URL(url);
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = createConnection({ host: '127.0.0.1', port: Number(port) });
    socket.on('data', (bytes) => (received += bytes.toString()));
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
    socket.write(`AUTH ${password}\r\n${commands}\r\nQUIT\r\n`);
  });
}
