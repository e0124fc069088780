import type { FileClaim } from './ingest-verbs.ts';
import type { TaskClaim } from './poll-verbs.ts';
import { type Rules, readyStore, type Store } from './store.ts';
import type { UploadClaim } from './submit-verbs.ts';

/** The store, and whoever acts on it: two workers, the provider, and what may still go wrong. */

/** What an upload is answered. `accepted_again`: with the id of a task that another attempt has. */
export type AnswerName =
  | 'accepted'
  | 'accepted_again'
  | 'lost'
  | 'not_sent'
  | 'caller_fault'
  | 'auth'
  | 'no_money'
  | 'batch_size'
  | 'transient';

/** What a poll is answered; `overdue`: the task runs, and its deadline is over. */
export type PollName =
  | 'running'
  | 'failed'
  | 'ready'
  | 'not_found'
  | 'no_answer'
  | 'unrecognised'
  | 'overdue';

export type Phase = 'running' | 'failed' | 'ready';

/** Where a worker stands, with what it alone knows. A crash takes it back to `idle` and the rest with it. */
export type Worker =
  | { readonly at: 'idle' }
  /** Not there: what one worker can do alone is walked through further. */
  | { readonly at: 'away' }
  /** The reply to the COMMIT of its claim was lost. */
  | { readonly at: 'unsure' | 'claimed' | 'sending'; readonly claim: Sending }
  | { readonly at: 'answered'; readonly claim: Sending; readonly answer: AnswerName }
  | {
      readonly at: 'decided';
      readonly claim: Sending;
      readonly answer: AnswerName;
      readonly jobCancelled: boolean;
    }
  | { readonly at: 'asking'; readonly claim: TaskClaim }
  | { readonly at: 'polled'; readonly claim: TaskClaim; readonly answer: PollName }
  /** `giving_back`: something of ours failed in the middle. */
  | { readonly at: 'fetching' | 'giving_back'; readonly claim: FileClaim }
  | { readonly at: 'archived' | 'parsing'; readonly claim: FileClaim; readonly artifact: number }
  | {
      readonly at: 'parsed';
      readonly claim: FileClaim;
      readonly artifact: number;
      readonly readable: boolean;
    };

export interface Sending extends UploadClaim {
  readonly freeTries: number;
}

/** How often each kind of trouble may still come. */
export interface Left {
  readonly crashes: number;
  /** Of the network and the provider. */
  readonly faults: number;
  /** Of the operator, giving up aside. */
  readonly decisions: number;
  readonly pauses: number;
}

export interface World {
  readonly store: Store;
  readonly workers: readonly [Worker, Worker];
  /** The provider's tasks. `other` is another chunk's. */
  readonly tasks: Readonly<Record<string, Phase>>;
  /** How often the provider charged for each attempt. */
  readonly charges: readonly number[];
  /** `attempt:task` of each acceptance whose settling was committed: none may be lost. */
  readonly settled: readonly string[];
  /** How far the chunk's present task is, by what was applied of its polls; and whether it ever went back. */
  readonly believed: number;
  readonly wentBack: boolean;
  readonly left: Left;
}

export function startWorld(
  rules: Rules,
  left: Left,
  ceiling_uploads: number | null,
  workers: 1 | 2 = 2,
): World {
  return {
    store: readyStore(rules, ceiling_uploads),
    workers: [{ at: 'idle' }, { at: workers === 2 ? 'idle' : 'away' }],
    tasks: { other: 'ready' },
    charges: [],
    settled: [],
    believed: 0,
    wentBack: false,
    left,
  };
}

/**
 * Makes the keys of one walk: what two worlds must agree in to be the same. A fence is only ever compared with the chunk's, so a worker's is
 * as good as equal or older; and the two workers are alike. Each part of a world is one character that stands for its text: as whole
 * texts the keys took half of the walk's time.
 */
export function keyMaker(): (world: World) => string {
  const codes = new Map<string, number>();
  const code = (part: string): number => {
    let known = codes.get(part);
    if (known === undefined) {
      known = codes.size;
      if (known > 0xff_ff) throw new Error('more parts than a character can tell apart');
      codes.set(part, known);
    }
    return known;
  };
  return (world) => {
    const { store } = world;
    const first = code(workerKey(world.workers[0], store));
    const second = code(workerKey(world.workers[1], store));
    return String.fromCharCode(
      code(chunkKey(store)),
      code(attemptsKey(store)),
      code(evidenceKey(world)),
      Math.min(first, second),
      Math.max(first, second),
      code(restKey(world)),
    );
  };
}

function chunkKey(store: Store): string {
  const { chunk } = store;
  return `chunk ${chunk.state} ${chunk.reason} ${chunk.due} ${chunk.attempt} ${chunk.freeTries} ${chunk.missingPolls} ${chunk.upstreamFailures} ${chunk.adopting} ${chunk.hasLocator} ${chunk.locatorRefreshes} ${chunk.ingestTries} ${fileKey(store, chunk.artifact)}`;
}

function attemptsKey({ attempts, approvals }: Store): string {
  let key = 'attempts';
  for (const { outcome, task, approval, entries, phase } of attempts) {
    key += ` ${outcome} ${task} ${approval} ${entries.join()} ${phase}`;
  }
  for (const { attempt, liftedTo } of approvals) key += ` ${attempt}${liftedTo}`;
  return key;
}

function evidenceKey({ store, settled, charges, tasks }: World): string {
  let key = `evidence ${store.evidence.join()}|${settled.join()}|${charges.join()}|`;
  for (const name in tasks) key += ` ${name}${tasks[name]}`;
  return key;
}

function restKey({ store, believed, wentBack, left }: World): string {
  return `rest ${store.job} ${store.ceiling_uploads} ${store.pausedReason} ${store.rows.join()} ${believed} ${wentBack} ${left.crashes} ${left.faults} ${left.decisions} ${left.pauses}`;
}

function workerKey(worker: Worker, store: Store): string {
  if (!('claim' in worker)) return worker.at;
  const { claim } = worker;
  let key = `${worker.at}${claim.fence === store.chunk.fence ? '=' : '<'}${claim.attempt}`;
  if ('freeTries' in claim) key += ` ${claim.freeTries}`;
  if ('task' in claim) {
    key += ` ${claim.task} ${claim.missingPolls} ${claim.upstreamFailures} ${claim.lastPhase} ${claim.adopting}`;
  }
  if ('tries' in claim) {
    key += ` ${fileKey(store, claim.artifact)} ${claim.tries} ${claim.locatorRefreshes}`;
  }
  if ('answer' in worker) key += ` ${worker.answer}`;
  if ('jobCancelled' in worker) key += ` ${worker.jobCancelled}`;
  if ('artifact' in worker) key += ` ${fileKey(store, worker.artifact)}`;
  if ('readable' in worker) key += ` ${worker.readable}`;
  return key;
}

/** Of a file: whether it is the chunk's present one, and what it is. Those that nobody will look at again are not told apart. */
function fileKey({ artifacts, chunk }: Store, index: number | null): string {
  const file = index === null ? undefined : artifacts[index];
  return file ? `${index === chunk.artifact}${file.task}${file.parseStarts}` : '-';
}
