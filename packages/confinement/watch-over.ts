import type { ConfinementLimits } from './limits.ts';
import type { Started } from './start-confined.ts';
import { lookAtProcess, type ProcessUse } from './watch-process.ts';

/** How often it is looked at what the process uses: what it can take between two looks is 10 MB. On a busy machine a look comes late. */
const look_ms = 5;
/** It is killed before the limit, for what it takes until it is noticed: 43 MB were seen on a busy machine. The worst of the hostile files takes 134 MiB. */
const noticed_bytes = 50_331_648;
/** Where nobody is owed an answer, a process that uses no processor and says nothing is stuck. */
const waitPerProcessorTime = 10;

/** At rest it waits in one call of the kernel, and a look is only for one that does not. */
const restLook_ms = 100;
/** What V8's own threads still do behind an answer. Of the processor one at rest uses nothing. */
const restProcessorTime_ms = 200;

/** Looks at a process while it answers one request. */
export interface Watch {
  /** What it has used for this request so far. */
  look(): ProcessUse;
  exceeded(): 'memory' | 'time' | null;
  /** It said something, and waits for us. */
  hears(): void;
  /** We wait for it. */
  waits(): void;
  end(): void;
}

/**
 * Kills the process when it passes a limit. Of its waiting for us nothing is counted, nor of our own sleep.
 * @param before_ms the processor time that it had used before this request
 */
export function watchOver(child: Started, limits: ConfinementLimits, before_ms: number): Watch {
  let usage: ProcessUse = { peak_bytes: 0, processorTime_ms: 0 };
  let exceeded: 'memory' | 'time' | null = null;
  let isAwaited = true;
  let awaited_ms = 0;

  function look(): ProcessUse {
    // Its number may be another's once it is gone.
    if (hasEnded(child)) return usage;
    const now = lookAtProcess(child.pid ?? 0);
    usage = {
      peak_bytes: Math.max(usage.peak_bytes, now.peak_bytes),
      processorTime_ms: Math.max(usage.processorTime_ms, now.processorTime_ms - before_ms),
    };
    return usage;
  }
  const timer = setInterval(() => {
    const { peak_bytes, processorTime_ms } = look();
    if (isAwaited) awaited_ms += look_ms;
    if (peak_bytes > limits.memory_bytes - noticed_bytes) exceeded ??= 'memory';
    else if (
      processorTime_ms > limits.processorTime_ms ||
      awaited_ms > limits.processorTime_ms * waitPerProcessorTime
    )
      exceeded ??= 'time';
    if (exceeded !== null) child.kill('SIGKILL');
  }, look_ms);
  return {
    look,
    exceeded: () => exceeded,
    hears() {
      isAwaited = false;
    },
    waits() {
      isAwaited = true;
    },
    end: () => clearInterval(timer),
  };
}

/** Kills a process that does anything while nothing is asked of it. @returns what ends the watch */
export function watchAtRest(child: Started, memory_bytes: number): () => void {
  const from = lookAtProcess(child.pid ?? 0);
  const timer = setInterval(() => {
    if (hasEnded(child)) return;
    const now = lookAtProcess(child.pid ?? 0);
    const used_ms = now.processorTime_ms - from.processorTime_ms;
    if (used_ms > restProcessorTime_ms || now.peak_bytes > memory_bytes - noticed_bytes)
      child.kill('SIGKILL');
  }, restLook_ms);
  timer.unref();
  return () => clearInterval(timer);
}

export function hasEnded(child: Started): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
