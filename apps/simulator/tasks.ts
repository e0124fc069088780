import { randomBytes } from 'node:crypto';
import type { Account, ContractName } from './accounts.ts';
import type { CollectedNumbers } from './numbers/number-collector.ts';
import type { Tally } from './numbers/measure-numbers.ts';
import type { FileEdits } from './results/edits.ts';
import type { TaskTypeTraits } from './task-types.ts';
import { xidFactory } from './xid.ts';

/** What a scripted fault makes of a task; see `faults/fault.ts`. */
export interface TaskScript {
  /** Answers to the coming status calls: a word, or fields that go over the true answer. */
  statuses: Record<string, unknown>[];
  /** Whether the last of `statuses` stays for good. */
  holdLast: boolean;
  file?: { edits: FileEdits; downloadsLeft: number };
  /** How many of the result URLs given out next are born expired. */
  expiredUrlsLeft: number;
}

/** An accepted upload. */
export interface Task {
  /** An xid, or webcom's integer as text. */
  id: string;
  /** The id in the answers: another task's where a fault scripted that. */
  shownId: string;
  account: string;
  contract: ContractName;
  taskType: string;
  traits: TaskTypeTraits;
  /** Counts the account's tasks of this type from 0; it decides how the result file looks. */
  ordinal: number;
  numbers: Float64Array;
  lines: number;
  duplicates: number;
  invalid: number;
  tally: Tally;
  numbersSha256: string;
  pricePerNumber: number;
  currency: string;
  userId: string;
  /** Webcom's `name` and result hash. */
  name: string | undefined;
  hash: string;
  createdAtMs: number;
  /** When it was charged and work began; `undefined` while it waits for money. */
  paidAtMs: number | undefined;
  /** Whether a status call has been answered with `completed` (simple-tasks shows it before `exported`). */
  completedShown: boolean;
  script: TaskScript;
}

/** What `TaskBook.create` needs beside the account. */
export interface NewTask {
  account: Account;
  taskType: string;
  traits: TaskTypeTraits;
  collected: CollectedNumbers;
  measured: { sha256: string; tally: Tally };
  userId: string;
  name: string | undefined;
  /** See `Task.shownId`. */
  shownId: string | undefined;
  nowMs: number;
}

/** All tasks of the simulation, in the order of their creation. */
export class TaskBook {
  #tasks = new Map<string, Task>();
  #byHash = new Map<string, Task>();
  #ordinals = new Map<string, number>();
  #nextWebcomId = new Map<string, number>();
  #newXid = xidFactory();

  all(): Task[] {
    return [...this.#tasks.values()];
  }

  byId(id: string): Task | undefined {
    return this.#tasks.get(id);
  }

  /** A task as its owner may ask for it: another account's is not found. */
  ofAccount(account: string, id: string): Task | undefined {
    const task = this.#tasks.get(id);
    return task?.account === account ? task : undefined;
  }

  byHash(account: string, hash: string): Task | undefined {
    const task = this.#byHash.get(hash);
    return task?.account === account ? task : undefined;
  }

  /** The newest task of an account, if it has any. */
  newestOf(account: string): Task | undefined {
    return this.all().findLast((task) => task.account === account);
  }

  /** Records an accepted upload; it is not paid for yet. */
  create(upload: NewTask): Task {
    const { account, taskType } = upload;
    const kind = `${account.name}\n${taskType}`;
    const ordinal = this.#ordinals.get(kind) ?? 0;
    const id = account.contract === 'webcom' ? this.#webcomId(account) : this.#newXid(upload.nowMs);
    const needsEncoding = account.contract === 'webcom' && account.hash_style === 'needs_encoding';
    const task: Task = {
      id,
      shownId: upload.shownId ?? id,
      account: account.name,
      contract: account.contract,
      taskType,
      traits: upload.traits,
      ordinal,
      ...upload.collected,
      tally: upload.measured.tally,
      numbersSha256: upload.measured.sha256,
      pricePerNumber: account.price_per_number,
      currency: account.currency,
      userId: upload.userId,
      name: upload.name,
      hash: needsEncoding ? `${randomBytes(12).toString('base64')}+/= %` : sampleLikeHash(),
      createdAtMs: upload.nowMs,
      paidAtMs: undefined,
      completedShown: false,
      script: { statuses: [], holdLast: false, expiredUrlsLeft: 0 },
    };
    this.#add(task);
    return task;
  }

  /** Takes back a task of an earlier run. */
  restore(task: Task): void {
    this.#add(task);
  }

  #add(task: Task): void {
    this.#tasks.set(task.id, task);
    this.#byHash.set(task.hash, task);
    this.#ordinals.set(`${task.account}\n${task.taskType}`, task.ordinal + 1);
  }

  /** One sequence for all webcom accounts, from the smallest first id that is free. */
  #webcomId(account: Extract<Account, { contract: 'webcom' }>): string {
    let id = this.#nextWebcomId.get(account.name) ?? account.first_task_id;
    while (this.#tasks.has(String(id))) id += 1;
    this.#nextWebcomId.set(account.name, id + 1);
    return String(id);
  }
}

/** `gIn3meHo-uLVE-11pG-Mksm-20ff33d54cc9`: like a UUID, but only its last group is hex. */
function sampleLikeHash(): string {
  const letters = randomBytes(15).toString('base64url').replaceAll(/[-_]/g, 'x');
  const groups = [
    letters.slice(0, 8),
    letters.slice(8, 12),
    letters.slice(12, 16),
    letters.slice(16),
  ];
  return [...groups, randomBytes(6).toString('hex')].join('-');
}
