import { waitFor } from '@rollcall/testing';
import { reset } from './inject-fault.ts';
import type { Scene } from '../ground/open-scene.ts';
import type { Struck } from '../run-storm.ts';

const limit_ms = 5_000;

/**
 * Where no fault of a line to the providers struck, that line is reset as soon as somebody is on it. Where no scripted answer struck, since nobody asked at its moment, two more are scripted for whoever asks next, and a while is waited for
 * that. Where nobody asks any more, the summary counts the run without.
 */
export async function strikeLate(
  { simulator, providerWire, tell }: Scene,
  soFar: Struck,
): Promise<Struck> {
  const struck = async () => {
    const { faults } = (await simulator.control('GET', 'faults')) as {
      faults: { fired: number }[];
    };
    return faults.some(({ fired }) => fired > 0);
  };
  const late = soFar.wire === undefined && (await reset(providerWire, limit_ms));
  const all = late ? { ...soFar, wire: 1 } : soFar;
  if (await struck()) return all;
  tell('no scripted answer struck: two more for whoever asks next');
  for (const operation of ['status', 'create']) {
    await simulator.control('POST', 'faults', {
      match: { operation },
      action: { kind: 'answer', status: 503 },
    });
  }
  await waitFor(struck, { timeoutMs: limit_ms, everyMs: 100, describe: 'a strike' }).catch(
    () => undefined,
  );
  return all;
}
