import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

const main = new URL('main.ts', import.meta.url).pathname;

async function startProcess(...flags: string[]) {
  const child = spawn(process.execPath, [main, ...flags], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const [line] = await once(createInterface(child.stdout), 'line');
  const { url, result_url }: { url: string; result_url: string } = JSON.parse(line);
  return { child, ended, url, result_url };
}

test.for(['SIGTERM', 'SIGINT'] as const)(
  'it says where it listens and ends on %s',
  async (signal) => {
    const { child, ended, url, result_url } = await startProcess('--export-ms', '5');
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(result_url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await (await fetch(`${url}/_sim/settings`)).json()).toMatchObject({ export_ms: 5 });
    child.kill(signal);
    expect(await ended).toEqual([0, null]);
  },
);

test('it says its public name, where it has one, and still listens on the address that it is told', async () => {
  // Elsewhere than on Linux only 127.0.0.1 is there by itself.
  const host = process.platform === 'linux' ? '127.0.0.2' : 'localhost';
  const flags = ['--host', host, '--public-host', 'simulator'];
  const { child, ended, url, result_url } = await startProcess(...flags);
  const { hostname, port } = new URL(url);
  expect([hostname, new URL(result_url).hostname]).toEqual(['simulator', 'simulator']);
  expect((await fetch(`http://${host}:${port}/_sim/settings`)).status).toBe(200);
  child.kill('SIGTERM');
  await ended;
});

test('it ends with its parent where it is told to', async () => {
  const { child, ended } = await startProcess('--until-stdin-ends');
  child.stdin.end();
  expect(await ended).toEqual([0, null]);
});

test('its accounts may come from a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-accounts-'));
  const file = join(folder, 'accounts.json');
  const account = { name: 'other', contract: 'tasks-v1', key: 'k', price_per_number: 0.002 };
  await writeFile(file, JSON.stringify([{ ...account, balance: 12.5 }]));
  const { child, ended, url } = await startProcess('--accounts', file);
  const balanceWith = (key: string) =>
    fetch(`${url}/v1/balance`, { headers: { 'x-api-key': key } });
  expect(await (await balanceWith('k')).json()).toMatchObject({ balance: 12.5 });
  expect((await balanceWith('sim-ekycpro')).status).toBe(401);
  child.kill('SIGTERM');
  await ended;
  await rm(folder, { recursive: true });
});
