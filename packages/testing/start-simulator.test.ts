import { expect, onTestFinished, test } from 'vitest';
import { startSimulator } from './start-simulator.ts';

test('a simulator answers its control API and ends when it is told to', async () => {
  const simulator = await startSimulator({ processingMsBase: 5 });
  onTestFinished(simulator.stop);
  expect(new URL(simulator.resultUrl).origin).not.toBe(new URL(simulator.url).origin);
  expect(await simulator.control('GET', 'ledger')).toMatchObject({ charges: [] });
  await expect(simulator.control('GET', 'no-such-thing')).rejects.toThrow('404');
  await simulator.stop();
  await expect(fetch(simulator.url)).rejects.toThrow('fetch failed');
});
