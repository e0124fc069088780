import type { Account, AdapterName, TaskStatus } from '@rollcall/domain';
import { afterEach, expect, test } from 'vitest';
import { createProvider } from './create-provider.ts';
import type { Provider } from './provider.ts';
import { openSimulatorWire, type SimulatorWire } from './simulator-wire.ts';

// Where the pages leave something open, a vendor may do either: a whole run each of what the simulator's defaults do not do.

const numbers = Float64Array.from({ length: 120 }, (_, index) => 12_025_550_100 + index);
let wire: SimulatorWire;
let provider: Provider;

async function open(adapter: AdapterName, options: object, overrides: Partial<Account> = {}) {
  wire = await openSimulatorWire(adapter);
  await wire.patchAccount({ ...options });
  provider = createProvider({ ...wire.account, ...overrides }, wire.key);
}

afterEach(async () => {
  await provider.close();
  await wire.close();
});

async function accepted(taskType: string): Promise<string> {
  const answer = await provider.submit({
    taskType,
    numbers,
    reference: 'att_1',
    stillMine: () => true,
  });
  if (answer.kind !== 'accepted') throw new Error(`not accepted: ${answer.kind}`);
  return answer.taskId;
}

/** The tasks of these ids once each is ready, asked for together. */
async function ready(taskIds: readonly string[]): Promise<readonly TaskStatus[]> {
  let tasks: readonly TaskStatus[] = [];
  await expect
    .poll(async () => {
      const answer = await provider.status(taskIds);
      tasks = answer.kind === 'answered' ? [...answer.tasks.values()] : [];
      return tasks.map(({ phase }) => phase);
    })
    .toEqual(taskIds.map(() => 'ready'));
  return tasks;
}

async function downloadedBytes(task: TaskStatus | undefined): Promise<number> {
  if (!task?.locator) throw new Error('no locator');
  let byteCount = 0;
  const answer = await provider.download(task.locator, async (bytes) => {
    byteCount += bytes.length;
  });
  expect(answer).toMatchObject({ kind: 'downloaded', byteCount });
  return byteCount;
}

test("a file of webcom is fetched by a hash that a URL's path must escape", async () => {
  await open('webcom', { hash_style: 'needs_encoding' });
  const [task] = await ready([await accepted('WA_cheking')]);
  const hash = task?.locator?.kind === 'hash' ? task.locator.hash : '';
  expect(encodeURIComponent(hash)).not.toBe(hash);
  expect(await downloadedBytes(task)).toBeGreaterThan(0);
});

test('many tasks of webcom are read from data that is an object keyed by id', async () => {
  await open('webcom', { status_data: 'object' });
  const taskIds = [await accepted('WA_cheking'), await accepted('Viber_cheking')];
  const tasks = await ready(taskIds);
  for (const task of tasks) {
    expect(task.total).toBe(numbers.length);
    expect(await downloadedBytes(task)).toBeGreaterThan(0);
  }
});

test('simple-tasks works where the user id is required, and is refused free without it', async () => {
  await open('simple-tasks', { requires_user_id: true }, { userId: 'someone' });
  const [task] = await ready([await accepted('facebook')]);
  expect(await downloadedBytes(task)).toBeGreaterThan(0);

  const charged = await wire.chargedNumbers();
  const without = createProvider(wire.account, wire.key);
  const answer = await without.submit({
    taskType: 'facebook',
    numbers,
    reference: 'att_2',
    stillMine: () => true,
  });
  await without.close();
  expect(answer).toMatchObject({ kind: 'refused_free', refusal: 'caller_fault' });
  expect(await wire.chargedNumbers()).toBe(charged);
});
