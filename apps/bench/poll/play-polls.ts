import { type Database, learnTaskTime, readTaskTimes, type TaskTimes } from '@rollcall/db';
import {
  type Account,
  decidePoll,
  firstWait_ms,
  type LearnedPace,
  type Polled,
  paceOf,
  sizeClassOf,
  soonerLook_ms,
} from '@rollcall/domain';
import type { SimulatedTask } from './make-tasks.ts';

/** Somebody who looks after the tasks of one check at an account; it knows nothing of their durations. */
export interface Poller {
  readonly account: Account;
  readonly check: string;
  /** Where paces are remembered. */
  db(): Database;
  /** Another process goes on. */
  restart(): Promise<void>;
}

export interface Played {
  /** Of each task, in the order of acceptance: how late its end was noticed, as a share of its duration, and with how many looks. */
  readonly tasks: readonly {
    readonly lag: number;
    readonly calls: number;
    readonly noticed_ms: number;
  }[];
  /** Status calls, where one tells of `tasksPerCall` tasks. */
  readonly calls: number;
  readonly mostCallsInATick: number;
}

interface OpenTask extends SimulatedTask {
  readonly index: number;
  due_ms: number;
  seen_ms: number;
  polls: number;
}

/** The finest step in which anything of Rollcall waits. */
const tick_ms = 500;
/** Later than any task waits. */
const deadline_ms = 1e12;
/** What the hardest provider says: nothing but that it is at it. */
const atWork: Polled = {
  kind: 'status',
  status: {
    word: 'processing',
    phase: 'running',
    total: null,
    success: null,
    failure: null,
    filtered: null,
    locator: null,
    actual: null,
  },
};

/**
 * Plays the tasks on a simulated clock: what decides of looks are the domain's functions, what remembers is Postgres. With more than one task a call there is one call a tick, and what it does not take
 * waits for the next.
 */
export async function playPolls(
  tasks: readonly SimulatedTask[],
  poller: Poller,
  tasksPerCall: number,
): Promise<Played> {
  const { account, check } = poller;
  const coming = tasks.map((task, index): OpenTask => {
    return { ...task, index, due_ms: 0, seen_ms: 0, polls: 0 };
  });
  const open = new Set<OpenTask>();
  const played: Played['tasks'][number][] = [];
  let times: TaskTimes = await readTaskTimes(poller.db(), account.id, [check]);
  let [calls, mostCallsInATick] = [0, 0];
  const known = () => times.get(check) ?? [];

  async function ended(task: OpenTask, now_ms: number): Promise<void> {
    open.delete(task);
    const until_ms = now_ms - task.acceptedAt_ms;
    const lag = (until_ms - task.duration_ms) / task.duration_ms;
    played[task.index] = { lag, calls: task.polls, noticed_ms: until_ms };
    const before = shiftOf(known(), task);
    const finished = {
      ...{ account: account.id, check, numbers: task.numbers },
      ended: { after_ms: task.seen_ms, until_ms },
    };
    const db = poller.db();
    await db.transaction('test', (tx) => learnTaskTime(tx, finished, times));
    times = await readTaskTimes(db, account.id, [check]);
    const shift = shiftOf(known(), task);
    // As packages/db/sql/task-times.ts does it for tasks that are in its tables, with the clock of the server.
    if (shift && shift.at_ms !== before?.at_ms && shift.by < 0) lookSooner(now_ms);
  }

  function lookSooner(now_ms: number): void {
    for (const task of open) {
      const pace = paceOf(known(), sizeClassOf(task.numbers));
      const from_ms = task.acceptedAt_ms;
      const waits = {
        seen_ms: task.seen_ms,
        elapsed_ms: now_ms - from_ms,
        due_ms: task.due_ms - from_ms,
      };
      if (pace) task.due_ms = from_ms + soonerLook_ms(pace, task.numbers, waits);
    }
  }

  function goOn(task: OpenTask, now_ms: number): void {
    task.seen_ms = now_ms - task.acceptedAt_ms;
    const decision = decidePoll(atWork, {
      now_ms,
      random: 0.5,
      acceptedAt_ms: task.acceptedAt_ms,
      deadline_ms,
      awaitingPaymentSince_ms: null,
      polls: task.polls - 1,
      missingPolls: 0,
      upstreamFailures: 0,
      lastDetermined: null,
      lastPhase: null,
      numbers: task.numbers,
      pace: paceOf(known(), sizeClassOf(task.numbers)),
      configured: account,
    });
    if (decision.kind !== 'wait') throw new Error(`a task at work was ${decision.kind}`);
    task.due_ms = decision.due_ms;
  }

  while (coming.length > 0 || open.size > 0) {
    const next = coming[0];
    const due = [...open].toSorted((a, b) => a.due_ms - b.due_ms);
    if (next && next.acceptedAt_ms <= (due[0]?.due_ms ?? Number.POSITIVE_INFINITY)) {
      coming.shift();
      if (next.index === Math.floor(tasks.length / 2)) {
        await poller.restart();
        times = await readTaskTimes(poller.db(), account.id, [check]);
      }
      const pace = paceOf(known(), sizeClassOf(next.numbers));
      next.due_ms = next.acceptedAt_ms + firstWait_ms(pace, next.numbers, account.poll);
      open.add(next);
      continue;
    }
    const now_ms = Math.ceil((due[0]?.due_ms ?? 0) / tick_ms) * tick_ms;
    const asked = due.filter(({ due_ms }) => due_ms <= now_ms);
    const taken = tasksPerCall > 1 ? asked.slice(0, tasksPerCall) : asked;
    const made = tasksPerCall > 1 ? 1 : taken.length;
    calls += made;
    mostCallsInATick = Math.max(mostCallsInATick, made);
    for (const left of asked.slice(taken.length)) left.due_ms = now_ms + tick_ms;
    for (const task of taken) {
      task.polls += 1;
      if (now_ms - task.acceptedAt_ms >= task.duration_ms) await ended(task, now_ms);
      else goOn(task, now_ms);
    }
  }
  return { tasks: played, calls, mostCallsInATick };
}

function shiftOf(
  learned: readonly LearnedPace[],
  { numbers }: SimulatedTask,
): LearnedPace['shift'] {
  return learned.find(({ sizeClass }) => sizeClass === sizeClassOf(numbers))?.shift ?? null;
}
