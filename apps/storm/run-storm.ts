import { setTimeout as delay } from 'node:timers/promises';
import type { TestSimulator } from '@rollcall/testing';
import type { SpoiledFiles } from './check/check-answers.ts';
import { injectFault, type PauseHolder } from './faults/inject-fault.ts';
import type { Scene } from './ground/open-scene.ts';
import { patient } from './ground/patient.ts';
import type { ProviderFault } from './faults/provider-faults.ts';
import type { Fault, FaultKind, PlannedObjection, Schedule, StormJob } from './faults/schedule.ts';

export interface StormWork<Job> {
  enqueue(job: StormJob, index: number): Promise<Job>;
  /** Whether anything was uploaded, or is about to be. */
  hasBegun(): Promise<boolean>;
  /** Done every second: what an operator does meanwhile. */
  tend(): Promise<void>;
  readonly pauseHolder: PauseHolder;
  /** Somebody objects to a number. A pipeline that knows no such thing has none. */
  object?(planned: PlannedObjection): Promise<void>;
}

export interface Stormed<Job> {
  readonly jobs: readonly Job[];
  /** How many faults of each kind struck somebody, without the provider's, which the simulator counts. */
  readonly struck: Struck;
}

export type Struck = Readonly<Partial<Record<FaultKind, number>>>;

/** The schedule's clock begins when the first upload does: a storm over workers that have nothing to do yet would prove nothing. */
const firstUploadLimit_ms = 20_000;

/** Plays the schedule against running workers. What is scheduled for 0 is there before the first of them looks. */
export async function runStorm<Job>(
  scene: Scene,
  schedule: Schedule,
  work: StormWork<Job>,
): Promise<Stormed<Job>> {
  await Promise.all(scene.slots.map((slot) => slot.up));
  const struck: Partial<Record<FaultKind, number>> = {};
  const count = (kind: FaultKind, times: number) => {
    struck[kind] = (struck[kind] ?? 0) + times;
  };
  const inject = async (fault: Fault) => {
    scene.tell(`fault: ${JSON.stringify(fault)}`);
    if (await injectFault(scene, fault, work.pauseHolder)) count(fault.kind, 1);
  };
  const over = new AbortController();
  const tending = tend(work, over.signal);
  for (const fault of schedule.faults) if (fault.at_ms === 0) await inject(fault);
  const jobs: Promise<Job | null>[] = [];
  const indexed = schedule.jobs.map((job, index) => ({ job, index }));
  for (const { job, index } of indexed) {
    if (job.at_ms === 0) jobs.push(work.enqueue(job, index));
  }
  const giveUpAt = performance.now() + firstUploadLimit_ms;
  while (performance.now() < giveUpAt && !(await work.hasBegun())) await delay(20);

  scene.tell('storm');
  const begun = performance.now();
  /** False where the storm was over before. */
  const inTime = (at_ms: number) =>
    delay(Math.max(0, at_ms - (performance.now() - begun)), true, { signal: over.signal }).catch(
      () => false,
    );
  const lasting = schedule.faults.map(async (fault) => {
    if (fault.at_ms > 0 && (await inTime(fault.at_ms))) await inject(fault);
  });
  for (const { job, index } of indexed) {
    if (job.at_ms === 0) continue;
    jobs.push(inTime(job.at_ms).then((isTime) => (isTime ? work.enqueue(job, index) : null)));
  }
  const objecting = schedule.objections.map(async (planned) => {
    if (await inTime(planned.at_ms)) await work.object?.(planned);
  });
  const crashed = () => scene.slots.reduce((sum, slot) => sum + slot.deaths().atPoints, 0);
  const enough = () => schedule.crashes !== null && crashed() >= schedule.crashes;
  while (performance.now() - begun < schedule.storm_ms && !enough()) await delay(50);
  over.abort();
  await Promise.all([tending, ...lasting, ...objecting]);
  for (const wire of scene.databaseWires) count('database', wire.repliesDropped());
  count('queue', scene.redis?.wire.repliesDropped() ?? 0);
  return { jobs: (await Promise.all(jobs)).flatMap((job) => job ?? []), struck };
}

async function tend(work: StormWork<unknown>, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await patient(() => work.tend());
    await delay(1_000, undefined, { signal: over }).catch(() => undefined);
  }
}

/** Nothing is broken any more, and everybody is there. */
export async function calmDown({
  simulator,
  providerWire,
  resultWire,
  redis,
  databaseWires,
  slots,
}: Scene): Promise<Scripted> {
  const scripted = await endScripts(simulator);
  await providerWire.mend();
  await resultWire.mend();
  await redis?.wire.mend();
  for (const wire of databaseWires) await wire.mend();
  await Promise.all(slots.map((slot) => slot.calm()));
  return scripted;
}

export interface Scripted {
  /** Faults of the provider that struck. */
  readonly fired: number;
  /** Files that lack answers because the simulator was told so. */
  readonly edits: number;
  readonly spoiled: SpoiledFiles;
}

function takesAnswers({ action }: ProviderFault): boolean {
  const { missing_rows, contradictory_rows } = (action['edits'] ?? {}) as Record<string, unknown>;
  return action.kind === 'file' && (missing_rows ?? contradictory_rows) !== undefined;
}

/** Wrong in every download. */
function spoils({ action }: ProviderFault): boolean {
  return action.kind === 'file' && action['downloads'] === undefined;
}

/** The simulator behaves again; what it was told to do, and did. Asked and ended in one: what strikes between the two would be nobody's. */
export async function endScripts(simulator: TestSimulator): Promise<Scripted> {
  const { faults } = (await simulator.control('DELETE', 'faults')) as {
    faults: (ProviderFault & { fired: number })[];
  };
  const count = (of: readonly { readonly fired: number }[]) =>
    of.reduce((sum, { fired }) => sum + fired, 0);
  const spoiling = Map.groupBy(faults.filter(spoils), ({ match }) => match.account);
  return {
    fired: count(faults),
    edits: count(faults.filter(takesAnswers)),
    spoiled: new Map([...spoiling].map(([account, of]) => [account, count(of)])),
  };
}
