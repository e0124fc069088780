import { writeSync } from 'node:fs';
import { type CrashPoint, crashPoints } from './crash-points.ts';

/** Where the process is to die, or to be stopped until somebody wakes it: at the `passing`-th time (from 1) that it comes to `point`. */
export interface CrashPlan {
  readonly point: CrashPoint;
  readonly passing: number;
  readonly how: 'die' | 'stop';
}

let plan: CrashPlan | null = null;
let left = 0;

/**
 * The one mechanism by which a test kills a process at a known place. Where this process was armed for `point`, it ends
 * here by SIGKILL: no handler, no `finally`, no flush, as with `kill -9`, a lost power supply or the kernel's out-of-memory killer. Armed to
 * be stopped, it says so on its standard error and is by SIGSTOP, as a machine that swaps or a virtual one that is moved; whoever wakes it
 * finds it going on from here, once. Where it was not armed, which is everywhere but in a test, this compares two values and returns.
 */
export function crashPoint(point: CrashPoint): void {
  if (plan?.point !== point) return;
  left -= 1;
  if (left > 0) return;
  // The kernel may take another thread first: nothing runs here meanwhile.
  const here = new Int32Array(new SharedArrayBuffer(4));
  if (plan.how === 'stop') {
    plan = null;
    writeSync(2, `stopped at ${point}\n`);
    process.kill(process.pid, 'SIGSTOP');
    Atomics.wait(here, 0, 0, 20);
    return;
  }
  process.kill(process.pid, 'SIGKILL');
  Atomics.wait(here, 0, 0);
}

/** Arms this process, or disarms it with null. A process has one plan, since it can die once. */
export function armCrashPoint(to: CrashPlan | null): void {
  plan = to;
  left = to?.passing ?? 0;
}

/** Reads `<point>`, `<point>#<n>` or `<point>#<n>#stop`, as ROLLCALL_CRASH_AT has it; null for anything else. */
export function readCrashPlan(text: string): CrashPlan | null {
  const [name, passing = '1', how, ...rest] = text.split('#');
  const point = crashPoints.find((known) => known === name);
  if (point === undefined || rest.length > 0 || !/^[1-9]\d{0,5}$/.test(passing)) return null;
  if (how !== undefined && how !== 'stop') return null;
  return { point, passing: Number(passing), how: how ?? 'die' };
}
