import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@rollcall/testing';
import { injectFault, reset } from './inject-fault.ts';
import type { Scene } from '../ground/open-scene.ts';
import type { Struck } from '../run-storm.ts';
import { type Fault, kindsMin, kindsStruck, pause_ms } from './schedule.ts';

const limit_ms = 5_000;
/** A job more is planned, claimed and sent within this, however busy the machine. */
const jobLimit_ms = 60_000;

/**
 * Sees to it that faults of five kinds struck, which is what a run is. Only what struck somebody counts, and at the moment of a fault that the
 * seed drew there may have been nobody. Where no fault of a line to the providers struck, that line is reset as soon as somebody is on it. Where no
 * scripted answer struck, two more are scripted for whoever asks next, and a while is waited for that. Where that is not enough, the kinds that
 * always find somebody are played, and at last a job is enqueued that somebody must ask the provider for. So a run that is below five kinds is
 * one whose faults do not strike any more, and the storm fails for it.
 */
export async function strikeLate(
  scene: Scene,
  soFar: Struck,
  oneJobMore: () => Promise<void>,
): Promise<Struck> {
  const { simulator, providerWire, tell } = scene;
  const answered = async () => {
    const { faults } = (await simulator.control('GET', 'faults')) as {
      faults: { fired: number }[];
    };
    return faults.some(({ fired }) => fired > 0);
  };
  const struck: Partial<Record<Fault['kind'], number>> = { ...soFar };
  if (!struck.wire && (await reset(providerWire, limit_ms))) struck.wire = 1;
  if (!(await answered())) {
    tell('no scripted answer struck: two more for whoever asks next');
    for (const operation of ['status', 'create']) {
      await simulator.control('POST', 'faults', {
        match: { operation },
        action: { kind: 'answer', status: 503 },
      });
    }
    await waitFor(answered, { timeoutMs: limit_ms, everyMs: 100, describe: 'a strike' }).catch(
      () => undefined,
    );
  }
  const enough = async () => {
    const provider = Number(await answered());
    return kindsStruck({ ...struck, provider }).length >= kindsMin;
  };
  for (const fault of findsSomebody(scene)) {
    if (struck[fault.kind] || (await enough())) continue;
    tell(`too few kinds struck: ${JSON.stringify(fault)}`);
    if (await strikeSoon(scene, fault)) struck[fault.kind] = 1;
  }
  if (!(await enough())) {
    tell('too few kinds struck: a job more');
    await oneJobMore();
    await waitFor(enough, { timeoutMs: jobLimit_ms, everyMs: 100, describe: 'five kinds' }).catch(
      () => undefined,
    );
  }
  return struck;
}

/** Of each kind a fault that strikes as long as there are workers. */
function findsSomebody({ redis }: Scene): readonly Fault[] {
  const now = { at_ms: 0, worker: 0, for_ms: 0 };
  return [
    { ...now, kind: 'database', what: 'backends_terminated' },
    { ...now, kind: 'queue', what: redis === null ? 'emptied' : 'killed' },
    { ...now, kind: 'kill', down_ms: 0 },
    { ...now, kind: 'pause', aim: 'upload', for_ms: pause_ms.min },
  ];
}

/** Whoever it is for may have died a moment ago, and is started again. */
async function strikeSoon(scene: Scene, fault: Fault): Promise<boolean> {
  const giveUpAt = performance.now() + limit_ms;
  while (performance.now() < giveUpAt) {
    if (await injectFault(scene, fault, async () => false)) return true;
    await delay(100);
  }
  return false;
}
