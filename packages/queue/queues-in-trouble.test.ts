import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { testBackends, waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bullJobId, type Doorbell } from './doorbell.ts';
import type { Queues } from './open-queues.ts';
import type { QueueEvent } from './queue-event.ts';
import { type Ground, openGroundOn, queueNamed, submitDoorbell } from './test-ground.ts';

const until = (condition: () => unknown, timeoutMs = 60_000) =>
  waitFor(condition, { timeoutMs, describe: condition.toString() });

describe.each(testBackends)('doorbells in trouble on %s', (kind) => {
  let ground: Ground;
  let queues: Queues;
  let events: QueueEvent[];

  beforeAll(async () => {
    ground = await openGroundOn(kind);
  });
  afterAll(async () => {
    await ground.close();
  });
  beforeEach(async () => {
    ({ queues, events } = await ground.open());
    await until(async () => (await queues.healthy()).ok);
    await ground.empty();
  });
  afterEach(async () => {
    await ground.wire.mend();
    await queues.close();
  });

  test('fault 17: whose reply was lost have one effect when they are rung again', async () => {
    const heard: Doorbell[] = [];
    const first = submitDoorbell(1);
    const last = submitDoorbell(1);
    const dropped = ground.wire.repliesDropped();
    ground.wire.dropReply(bullJobId(first));
    const lost = await queues.ring([first]);
    expect(ground.wire.repliesDropped()).toBe(dropped + 1);
    // The ring had its effect; only whoever rang does not know.
    await until(async () => (await ground.stored()).includes(bullJobId(first)));
    // Redis answers a second time to the resent command; over Postgres the caller has to ring again.
    expect(lost.rung + lost.failed).toBe(1);
    await until(async () => (await queues.ring([first])).rung === 1);
    await queues.ring([last]);

    queues.consume('submit', 'alpha', 1, async (doorbell) => {
      heard.push(doorbell);
      return {};
    });
    await until(() => heard.length >= 2);
    expect(heard).toEqual([first, last]);
  });

  test('are rung and heard again after the backend was emptied', async () => {
    const heard: Doorbell[] = [];
    queues.consume('submit', 'alpha', 1, async (doorbell) => {
      heard.push(doorbell);
      return {};
    });
    const doorbell = submitDoorbell(1);
    await queues.ring([doorbell]);
    await until(() => heard.length === 1);
    await until(async () => (await queueNamed(queues, 'submit.alpha').getActiveCount()) === 0);

    await ground.empty();
    expect(await queues.ring([doorbell])).toEqual({ rung: 1, failed: 0 });
    await until(() => heard.length === 2);
  });

  test.each(['cut', 'freeze'] as const)(
    'cost their caller a second at most when the line is %s, and consumers come back by themselves',
    async (fault) => {
      const heard: Doorbell[] = [];
      queues.consume('submit', 'alpha', 1, async (doorbell) => {
        heard.push(doorbell);
        return {};
      });
      await queues.ring([submitDoorbell(1)]);
      await until(() => heard.length === 1);

      await ground.wire[fault]();
      expect(await queues.ring([submitDoorbell(1), submitDoorbell(1)])).toEqual({
        rung: 0,
        failed: 2,
      });
      const health = await queues.healthy();
      expect(health.ok).toBe(false);
      if (fault === 'freeze') {
        // The clock of a busy machine would not tell what ended them; the limit that did says so.
        const confirm = /did not confirm within 1000 ms/;
        expect(events).toContainEqual(
          expect.objectContaining({
            kind: 'ring',
            error: expect.objectContaining({ message: expect.stringMatching(confirm) }),
          }),
        );
        // A Redis that is silent for long enough is taken for one that is not connected.
        const silent = /did not answer in 1000 ms|not connected/;
        expect(health).toMatchObject({ reason: expect.stringMatching(silent) });
      }

      await ground.wire.mend();
      const after = submitDoorbell(2);
      await until(async () => (await queues.ring([after])).rung === 1, 60_000);
      await until(() => heard.some((doorbell) => doorbell.ring === 2), 60_000);
    },
  );

  test.each(['cut', 'freeze'] as const)(
    'are given up in bounded time when the line is %s at the stop',
    async (fault) => {
      const started = Promise.withResolvers<void>();
      const finish = Promise.withResolvers<void>();
      const consumer = queues.consume('submit', 'alpha', 1, async () => {
        started.resolve();
        await finish.promise;
        return { done: 1 };
      });
      await queues.ring([submitDoorbell(1)]);
      await started.promise;
      await ground.wire[fault]();
      finish.resolve();

      // Whoever waited for handlers, or for the backend, as long as it may would outlast the test.
      expect(await consumer.close(3_600_000)).toEqual({ finished: true });
      if (fault === 'freeze') {
        expect(events).toContainEqual({ kind: 'abandoned', queue: 'submit.alpha', running: 0 });
      }
      await queues.close();
    },
  );

  test.each(['cut', 'freeze'] as const)(
    'keep no process alive when the line is %s at its stop',
    async (fault) => {
      const program = fileURLToPath(new URL('./stopping-process.ts', import.meta.url));
      const child = spawn(process.execPath, [program, JSON.stringify(ground.urls)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      try {
        await queues.ring([submitDoorbell(1)]);
        await until(() => said.includes('holding'));
        await ground.wire[fault]();
        child.kill('SIGTERM');
        await until(() => child.exitCode !== null, 60_000);
        expect({ said, exitCode: child.exitCode }).toEqual({
          said: 'holding\nclosed\n',
          exitCode: 0,
        });
      } finally {
        child.kill('SIGKILL');
      }
    },
  );

  test('let running handlers finish at a stop and start no new one', async () => {
    const started: Doorbell[] = [];
    const finish = Promise.withResolvers<void>();
    let aborted = false;
    const consumer = queues.consume('submit', 'alpha', 1, async (doorbell, signal) => {
      started.push(doorbell);
      await finish.promise;
      aborted = signal.aborted;
      return {};
    });
    await queues.ring([submitDoorbell(1), submitDoorbell(1)]);
    await until(() => started.length === 1);
    expect(consumer.running()).toBe(1);

    const stop = consumer.close(10_000);
    finish.resolve();
    expect(await stop).toEqual({ finished: true });
    expect(aborted).toBe(false);
    expect(started).toHaveLength(1);
    expect(await queueNamed(queues, 'submit.alpha').getWaitingCount()).toBe(1);
    expect(await queueNamed(queues, 'submit.alpha').getCompletedCount()).toBe(1);
  });

  test('abort a handler that outlasts the stop, and leave it when it does not listen', async () => {
    const signals: AbortSignal[] = [];
    const consumer = queues.consume('submit', 'beta', 1, async (_doorbell, signal) => {
      signals.push(signal);
      return await new Promise<never>(() => undefined);
    });
    await queues.ring([submitDoorbell(1, 'beta')]);
    await until(() => signals.length === 1);
    // It never finishes: only the stop's own limits can end this.
    expect(await consumer.close(200)).toEqual({ finished: false });
    expect(signals[0]?.aborted).toBe(true);
    expect(events).toContainEqual({ kind: 'abandoned', queue: 'submit.beta', running: 1 });
  });
});
