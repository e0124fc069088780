import { EventEmitter, once } from 'node:events';
import { createLogger } from '@rollcall/telemetry';
import { expect, test } from 'vitest';
import type { Equipment } from './equipment.ts';
import { whileLeased } from './heartbeat.ts';

test.each([
  ['nothing of a claim that is held', [true, true, true], 0],
  [
    'nothing of one beat that found it gone: it waited for the write that ended the claim',
    [true, false],
    0,
  ],
  ['nothing of two that were not in a row', [false, true, false, true], 0],
  [
    'once of a claim that is gone, however long the work goes on',
    [true, false, false, false, false],
    1,
  ],
])('a heartbeat tells %s', async (_, beats, told) => {
  const events: string[] = [];
  const destination = { write: () => true };
  const log = createLogger({
    name: 'worker',
    level: 'warn',
    destination,
    onEvent: (event) => events.push(event),
  });
  const times = { lease_ms: 100, heartbeat_ms: 1, rescueInterval_ms: 100 };
  const beating = new EventEmitter();
  let beat = 0;
  await whileLeased(
    { log, times } as Equipment,
    { chunkId: 'chk_1', fence: 1 },
    () => once(beating, 'over'),
    async () => {
      const held = beats[beat] ?? true;
      beat += 1;
      if (beat === beats.length) setImmediate(() => beating.emit('over'));
      return held;
    },
  );
  expect(events).toEqual(Array.from({ length: told }, () => 'chunk.stale'));
});
