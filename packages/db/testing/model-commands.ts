/**
 * The verbs of the database as commands of a stateful property: each does the same to the model (packages/model) and to Postgres, and the
 * two are compared in what they answer and in all that they then say of the chunk. One file, over 300 lines: each command is a few lines
 * of both sides, which say little apart.
 */
import { deepStrictEqual } from 'node:assert/strict';
import type { ArtifactId, Money, SubmitAnswer, SubmitResult } from '@rollcall/domain';
import * as model from '@rollcall/model';
import fc from 'fast-check';
import type { Database } from '../database.ts';
import { resumeAccount } from '../sql/accounts.ts';
import { adoptTask, confirmAdoption } from '../sql/adopt-task.ts';
import { claimIngest, type IngestClaim } from '../sql/claim-ingest.ts';
import { cancelJob, pauseJob, resumeJob } from '../sql/control-job.ts';
import { giveUp, keepPolling, payAgain, replayArtifact } from '../sql/decide-held.ts';
import { extendLease } from '../sql/extend-lease.ts';
import { leaveIngest } from '../sql/leave-ingest.ts';
import { claimPolls, type PollClaim, settlePoll } from '../sql/poll-tasks.ts';
import type { SubmittedChunk } from '../sql/submitted-chunk.ts';
import { expireLeases } from '../sql/sweep-due.ts';
import {
  acceptance,
  evidence,
  future_ms,
  lost,
  notSent,
  past_ms,
  ready,
  refused,
} from './answers.ts';
import { type Ground, newId } from './ground.ts';
import { viewOfModel, viewOfStore } from './read-as-model.ts';
import { archive, claim, publish, settle } from './walk-chunk.ts';

export const rules: model.Rules = {
  protections: model.allProtections,
  starts: model.fromZero,
};

/** The model, and the claims that workers ever took of it; old ones are used as well. */
export interface Modelled {
  /** Begins the ids of this chunk's tasks, which are the provider's own over all chunks. */
  readonly tasks: string;
  store: model.Store;
  uploads: { readonly claim: model.UploadClaim; answer: AnswerName | null }[];
  polls: model.TaskClaim[];
  files: { readonly claim: model.FileClaim; artifact: number | null }[];
}

/** The same of Postgres, place by place. */
export interface Real {
  /** The edges that were taken so far, over all runs, and how many commands were. */
  readonly seen: { commands: number; readonly edges: Set<string> };
  readonly ground: Ground;
  readonly jobId: string;
  readonly chunkId: string;
  readonly account: string;
  readonly uploads: SubmittedChunk[];
  readonly polls: PollClaim[];
  readonly files: IngestClaim[];
  readonly artifactIds: ArtifactId[];
}

const answerNames = [
  'accepted',
  'accepted_again',
  'lost',
  'not_sent',
  'transient',
  'caller_fault',
  'no_money',
  'auth',
  'batch_size',
] as const;
type AnswerName = (typeof answerNames)[number];

/** A worker that dies in the middle of its transaction. */
class Died extends Error {}

/** `db` in the hands of somebody who dies before each COMMIT, for a tenant and for the installation. */
function dying(db: Database): Database {
  const { ofInstallation } = db;
  return {
    ...db,
    transaction: dyingOf(db),
    ofInstallation: { ...ofInstallation, transaction: dyingOf(ofInstallation) },
  };
}

function dyingOf(db: Database): Database['transaction'] {
  return (name, work) =>
    db.transaction(name, async (tx) => {
      await work(tx);
      throw new Died();
    });
}

/** Waits for a death: what it was doing must not have been possible to end otherwise. */
async function untilDeath(doomed: Promise<unknown>): Promise<void> {
  try {
    await doomed;
  } catch (error) {
    if (error instanceof Died) return;
    throw error;
  }
  throw new Error('a transaction was committed by somebody who had died');
}

interface Sides<Answer> {
  /** What the model answers, and does to `m`. */
  readonly inModel: (m: Modelled) => Answer;
  /** What Postgres answers, and what is kept of it once its transaction stands. */
  readonly inStore: (real: Real, ground: Ground) => Promise<readonly [Answer, () => void]>;
}

/** One command; `dies` takes it in a transaction that is never committed. */
class Verb<Answer> implements fc.AsyncCommand<Modelled, Real> {
  readonly #name: string;
  readonly #dies: boolean;
  readonly #applies: (m: Modelled) => boolean;
  readonly #sides: (m: Readonly<Modelled>) => Sides<Answer>;

  constructor(
    name: string,
    dies: boolean,
    applies: (m: Modelled) => boolean,
    sides: (m: Readonly<Modelled>) => Sides<Answer>,
  ) {
    this.#name = name;
    this.#dies = dies;
    this.#applies = applies;
    this.#sides = sides;
  }

  check(m: Readonly<Modelled>): boolean {
    return this.#applies(m);
  }

  async run(m: Modelled, real: Real): Promise<void> {
    const { inModel, inStore } = this.#sides(m);
    const { ground, chunkId, artifactIds, seen } = real;
    const from = m.store.chunk.state;
    seen.commands += 1;
    if (this.#dies) {
      await untilDeath(inStore(real, { ...ground, db: dying(ground.db) }));
    } else {
      m.store = { ...m.store };
      const expected = inModel(m);
      const [answer, keep] = await inStore(real, ground);
      keep();
      deepStrictEqual(answer, expected);
    }
    deepStrictEqual(await viewOfStore(ground, chunkId), viewOfModel(m.store, artifactIds));
    if (m.store.chunk.state !== from) seen.edges.add(`${from} → ${m.store.chunk.state}`);
  }

  toString(): string {
    return this.#dies ? `${this.#name} †` : this.#name;
  }
}

const nothing = () => undefined;
const person = { tenantId: 1, decidedBy: 'ada@example.com', why: 'the property says so' };

const due = fc.constantFrom('past' as const, 'later' as const);
/** Mostly a worker lives. */
const isDyings = fc.nat(11).map((chance) => chance === 0);
/** Which of the claims, counted from the newest. */
const age = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.nat(2) });
const lease_ms = (lease: model.Due) => (lease === 'past' ? 0 : 3_600_000);
const at_ms = (when: model.Due) => (when === 'past' ? past_ms : future_ms);
const agedIndex = (list: readonly unknown[], agedBy: number) => list.length - 1 - agedBy;

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new Error('there is no such claim');
  return found;
}

const claimUpload = fc.tuple(due, isDyings).map(
  ([lease, isDying]) =>
    new Verb(
      `claim an upload, lease ${lease}`,
      isDying,
      ({ store }) => store.chunk.state === 'ready' && store.job === 'running',
      () => ({
        inModel: (m) => {
          const taken = model.claimSubmit(m.store, rules, lease);
          m.uploads.push({ claim: taken, answer: null });
          return taken.fence;
        },
        inStore: async (real, ground) => {
          const taken = await claim(ground, real.chunkId, { lease_ms: lease_ms(lease) });
          return [taken.fence, () => void real.uploads.push(taken)];
        },
      }),
    ),
);

const heartbeat = fc.tuple(age, due).map(
  ([agedBy, lease]) =>
    new Verb(
      `extend the lease of upload -${agedBy} to ${lease}`,
      false,
      ({ uploads }) => uploads.length > agedBy,
      ({ uploads }) => {
        const index = agedIndex(uploads, agedBy);
        return {
          inModel: (m) => model.extendLease(m.store, at(m.uploads, index).claim.fence, lease),
          inStore: async (real, { db }) => {
            const { fence } = at(real.uploads, index);
            return [await extendLease(db, real.chunkId, fence, lease_ms(lease)), nothing];
          },
        };
      },
    ),
);

/** What the provider answers, and what is made of it. An acceptance tells the attempt's own task id, or one of before. */
function answered(
  name: AnswerName,
  task: string,
  when: model.Due,
  isCancelled: boolean,
): { readonly answer: SubmitAnswer; readonly result: SubmitResult; readonly due: model.Due } {
  const due_ms = at_ms(when);
  const free = (result: SubmitResult): SubmitResult =>
    isCancelled ? { kind: 'cancelled' } : result;
  const refusal = { ...refused, evidence };
  switch (name) {
    case 'accepted':
    case 'accepted_again': {
      const result: SubmitResult = { kind: 'accepted', due_ms, deadline_ms: future_ms };
      return { answer: acceptance(task), result, due: when };
    }
    case 'lost':
      return {
        answer: lost,
        result: { kind: 'held', reason: 'connection_lost', keyRefused: false },
        due: null,
      };
    case 'not_sent':
    case 'transient': {
      const answer = name === 'not_sent' ? notSent : refusal;
      return { answer, result: free({ kind: 'retry', due_ms, reason: name }), due: when };
    }
    case 'caller_fault':
      return { answer: refusal, result: free({ kind: 'rejected', reason: name }), due: null };
    case 'no_money': {
      const result = { kind: 'blocked', reason: 'provider_balance', due_ms } as const;
      return { answer: refusal, result: free(result), due: when };
    }
    case 'auth': {
      const result = { kind: 'blocked', reason: 'auth', due_ms: null } as const;
      return { answer: refusal, result: free(result), due: null };
    }
    case 'batch_size': {
      const learned = { minNumbers: null, maxNumbers: 900 };
      return { answer: refusal, result: free({ kind: 'replan', learned }), due: null };
    }
  }
}

const weighedAnswers = fc.oneof(
  { weight: 10, arbitrary: fc.constant('accepted' as const) },
  { weight: 3, arbitrary: fc.constant('lost' as const) },
  { weight: 4, arbitrary: fc.constantFrom(...answerNames) },
);

const settleUpload = fc.tuple(age, weighedAnswers, due, fc.boolean(), isDyings).map(
  ([agedBy, drawn, when, sawCancel, isDying]) =>
    new Verb(
      `settle upload -${agedBy} as ${drawn}, due ${when}${sawCancel ? '' : ', blind to a cancel'}`,
      isDying,
      ({ uploads }) => uploads.length > agedBy,
      ({ uploads, store, tasks }) => {
        const index = agedIndex(uploads, agedBy);
        const { claim: taken, answer: before } = at(uploads, index);
        // An upload has one answer, however often it is stored.
        const name = before ?? drawn;
        const old = store.attempts.find((each, no) => no !== taken.attempt && each.task !== null);
        return {
          inModel: (m) => {
            at(m.uploads, index).answer = name;
            const task = name === 'accepted_again' ? old?.task : null;
            const isCancelled = sawCancel && m.store.job === 'cancelling';
            const told = answered(name, task ?? `${tasks} own ${taken.attempt}`, when, isCancelled);
            return model.settleSubmit(m.store, rules, taken, told.answer, told.result, told.due);
          },
          inStore: async (real, ground) => {
            const isCancelled = sawCancel && store.job === 'cancelling';
            const task = name === 'accepted_again' ? old?.task : null;
            const told = answered(name, task ?? `${tasks} own ${taken.attempt}`, when, isCancelled);
            const settled = await settle(ground, at(real.uploads, index), told.answer, told.result);
            return [settled.kind, nothing];
          },
        };
      },
    ),
);

const expire = isDyings.map(
  (isDying) =>
    new Verb(
      'end the claims that ran out',
      isDying,
      ({ store: { chunk } }) => chunk.state === 'submitting' || chunk.state === 'ingesting',
      () => ({
        inModel: (m) => {
          model.expireIngest(m.store);
          return model.expireSubmit(m.store, rules);
        },
        inStore: async (real, { db }) => {
          const { held } = await db.transaction('sweep.expire', expireLeases);
          return [held.some(({ chunkId }) => chunkId === real.chunkId), nothing];
        },
      }),
    ),
);

const claimTask = fc.tuple(due, isDyings).map(
  ([lease, isDying]) =>
    new Verb(
      `claim the poll, lease ${lease}`,
      isDying,
      ({ store }) => store.chunk.state === 'polling',
      () => ({
        inModel: (m) => {
          const taken = model.claimPoll(m.store, lease);
          if (taken) m.polls.push(taken);
          return taken && { fence: taken.fence, task: taken.task, adopting: taken.adopting };
        },
        inStore: async (real, { db }) => {
          const [taken] = await claimPolls(db, real.account, 10, lease_ms(lease));
          if (!taken) return [null, nothing];
          const { fence, taskId: task, adopting } = taken;
          return [{ fence, task, adopting: adopting !== null }, () => void real.polls.push(taken)];
        },
      }),
    ),
);

const pollEnds = ['wait', 'failed_once', 'ready', 'upstream_failed', 'poll'] as const;

const settleTask = fc
  .tuple(age, fc.constantFrom(...pollEnds, 'ready', 'ready', 'ready'), due, isDyings)
  .map(
    ([agedBy, end, when, isDying]) =>
      new Verb(
        `settle poll -${agedBy} as ${end}, due ${when}`,
        isDying,
        ({ polls }) => polls.length > agedBy,
        ({ polls }) => {
          const index = agedIndex(polls, agedBy);
          const { upstreamFailures, missingPolls, adopting } = at(polls, index);
          const decision = (() => {
            switch (end) {
              case 'wait':
              case 'failed_once':
                return {
                  kind: 'wait',
                  due_ms: at_ms(when),
                  notBefore_ms: at_ms(when),
                  deadline_ms: future_ms,
                  awaitingPaymentSince_ms: null,
                  applied: true,
                  upstreamFailures: end === 'wait' ? 0 : upstreamFailures + 1,
                  missingPolls: end === 'wait' ? missingPolls + 1 : 0,
                } as const;
              case 'ready':
                return { kind: 'ready', locator: { kind: 'hash', hash: 'a' } } as const;
              case 'upstream_failed':
              case 'poll':
                // A task that a person named and that cannot be it is held as unknown again.
                return adopting
                  ? ({ kind: 'hold', reason: 'unknown', detail: 'adopted_task_not_found' } as const)
                  : end === 'poll'
                    ? ({ kind: 'hold', reason: 'poll', detail: 'deadline' } as const)
                    : ({
                        kind: 'hold',
                        reason: 'upstream_failed',
                        detail: 'failed_twice',
                      } as const);
            }
          })();
          const confirms = adopting && (end === 'ready' || end === 'failed_once');
          // Some waits hear of an earlier time than what was believed before.
          const phase = end === 'wait' ? 'running' : 'ready';
          const polled = { kind: 'status', status: { ...ready, phase } } as const;
          return {
            inModel: (m) => {
              const taken = at(m.polls, index);
              const confirmed = confirms
                ? model.confirmAdoption(m.store, rules, taken)
                : 'confirmed';
              if (confirmed !== 'confirmed') return confirmed;
              const settled = model.settlePoll(m.store, rules, taken, polled, decision, when);
              return settled === 'stale' ? 'stale' : 'applied';
            },
            inStore: async (real, { db }) => {
              const answer = await db.transaction('poll.settle', async (tx) => {
                let taken = at(real.polls, index);
                if (confirms) {
                  const confirmed = await confirmAdoption(tx, taken);
                  if (confirmed.kind !== 'confirmed') return confirmed.kind;
                  taken = confirmed.claim;
                }
                return (await settlePoll(tx, taken, polled, decision)).kind;
              });
              return [answer, nothing];
            },
          };
        },
      ),
  );

const claimFile = fc.tuple(due, isDyings).map(
  ([lease, isDying]) =>
    new Verb(
      `claim the result, lease ${lease}`,
      isDying,
      ({ store }) => store.chunk.state === 'result_ready',
      () => ({
        inModel: (m) => {
          const taken = model.claimIngest(m.store, lease);
          if (taken) m.files.push({ claim: taken, artifact: taken.artifact });
          return taken && { fence: taken.fence, tries: taken.tries };
        },
        inStore: async (real, { db }) => {
          const taken = await db.transaction('ingest.claim', (tx) =>
            claimIngest(tx, real.chunkId, lease_ms(lease)),
          );
          if (!taken) return [null, nothing];
          return [{ fence: taken.fence, tries: taken.tries }, () => void real.files.push(taken)];
        },
      }),
    ),
);

/** The worker that ingests has slept through its lease, and another has taken the result: what the first does next comes too late. */
const overtake = fc.constant(
  new Verb(
    'overtake the ingest',
    false,
    ({ store }) => store.chunk.state === 'ingesting' && store.chunk.ingestTries < 5,
    () => ({
      inModel: (m) => {
        m.store.chunk = { ...m.store.chunk, due: 'past' };
        model.expireIngest(m.store);
        const taken = model.claimIngest(m.store, 'later');
        if (taken) m.files.push({ claim: taken, artifact: taken.artifact });
        return taken?.fence;
      },
      inStore: async (real, { db }) => {
        const taken = await db.transaction('test', async (tx) => {
          await tx.query('UPDATE store.chunks SET due_at = clock_timestamp() WHERE id = $1', [
            real.chunkId,
          ]);
          await expireLeases(tx);
          return claimIngest(tx, real.chunkId, lease_ms('later'));
        });
        return [taken?.fence, () => void (taken && real.files.push(taken))];
      },
    }),
  ),
);

const archiveFile = fc.tuple(age, isDyings).map(
  ([agedBy, isDying]) =>
    new Verb(
      `archive the file of ingest -${agedBy}`,
      isDying,
      ({ files }) => files.length > agedBy,
      ({ files }) => {
        const index = agedIndex(files, agedBy);
        return {
          inModel: (m) => {
            const file = at(m.files, index);
            const artifact = model.recordArtifact(m.store, rules, file.claim, '');
            if (artifact !== null) file.artifact = artifact;
            return artifact !== null;
          },
          inStore: async (real, ground) => {
            const { id, tied } = await archive(ground, at(real.files, index));
            // The model counts those only that are tied.
            return [tied, () => void (tied && real.artifactIds.push(id))];
          },
        };
      },
    ),
);

const leavings = ['retry', 'wait', 'refresh', 'poll', 'artifact'] as const;

const leaveFile = fc.tuple(age, fc.constantFrom(...leavings), due, isDyings).map(
  ([agedBy, how, when, isDying]) =>
    new Verb(
      `leave ingest -${agedBy}: ${how}, due ${when}`,
      isDying,
      ({ files }) => files.length > agedBy,
      ({ files }) => {
        const index = agedIndex(files, agedBy);
        const { claim: taken, artifact } = at(files, index);
        return {
          inModel: (m) => {
            const leaving: model.Leaving =
              how === 'poll' || how === 'artifact'
                ? { kind: 'hold', reason: how }
                : { kind: how, due: when };
            return model.leaveIngest(m.store, rules, taken, artifact, leaving);
          },
          inStore: async (real, { db }) => {
            const due_ms = at_ms(when);
            const step =
              how === 'poll' || how === 'artifact'
                ? ({ kind: 'hold', reason: how, code: how, verdict: null, detail: null } as const)
                : { kind: how, due_ms, deadline_ms: future_ms };
            const file = artifact === null ? null : at(real.artifactIds, artifact);
            const left = await db.transaction('ingest.leave', (tx) =>
              leaveIngest(tx, at(real.files, index), file, step),
            );
            return [left, nothing];
          },
        };
      },
    ),
);

const publishFile = fc.tuple(age, isDyings).map(
  ([agedBy, isDying]) =>
    new Verb(
      `publish ingest -${agedBy}`,
      isDying,
      ({ files }) => typeof files[agedIndex(files, agedBy)]?.artifact === 'number',
      ({ files }) => {
        const index = agedIndex(files, agedBy);
        const { claim: taken, artifact } = at(files, index);
        return {
          inModel: (m) => model.publishResults(m.store, rules, taken, artifact ?? 0),
          inStore: async (real, ground) => {
            const id = at(real.artifactIds, artifact ?? 0);
            const published = await publish(ground, at(real.files, index), id);
            return [published.kind === 'published', nothing];
          },
        };
      },
    ),
);

/** What was put off is due, and leases have run out. */
const timePasses = fc.constant(
  new Verb(
    'time passes',
    false,
    ({ store }) => store.chunk.due === 'later',
    () => ({
      inModel: (m) => {
        m.store.chunk = { ...m.store.chunk, due: 'past' };
        return null;
      },
      inStore: async (real, { db }) => {
        await db.transaction('test', (tx) =>
          tx.query('UPDATE store.chunks SET due_at = clock_timestamp() WHERE id = $1', [
            real.chunkId,
          ]),
        );
        return [null, nothing];
      },
    }),
  ),
);

const isHeld = ({ store }: Modelled) => store.chunk.state === 'held';
/** Now and then a person decides on what is not held any more. */
const decidable = (late: boolean) => (m: Modelled) => isHeld(m) || (late && m.uploads.length > 0);
const late = fc.nat(4).map((chance) => chance === 0);

const adopt = fc.tuple(fc.nat(2), late, isDyings).map(
  ([which, isLate, isDying]) =>
    new Verb(`adopt task ${which}`, isDying, decidable(isLate), ({ store, tasks }) => {
      // A task of before, one that nobody told, or another that nobody told.
      const told = store.attempts.findLast(({ task }) => task !== null)?.task;
      const task = which === 0 && told ? told : `${tasks} named ${which}`;
      return {
        inModel: (m) => model.adoptTask(m.store, rules, task),
        inStore: async (real, { db }) => {
          return [(await adoptTask(db, real.chunkId, task, future_ms, person)).kind, nothing];
        },
      };
    }),
);

const pay = fc
  .tuple(fc.constantFrom('written_off' as const, 'not_charged' as const), late, isDyings)
  .map(
    ([liftedTo, isLate, isDying]) =>
      new Verb(`pay again, ${liftedTo}`, isDying, decidable(isLate), () => ({
        inModel: (m) => model.payAgain(m.store, rules, liftedTo),
        inStore: async (real, { db }) => {
          const approval = { id: newId.approval(), costCeiling: (10n ** 12n) as Money, liftedTo };
          return [(await payAgain(db, real.chunkId, approval, person)).kind, nothing];
        },
      })),
  );

const decide = fc
  .tuple(fc.constantFrom('keep_polling', 'replay', 'give_up'), late, fc.nat(3), isDyings)
  .map(
    ([decision, isLate, rare, isDying]) =>
      new Verb(
        decision,
        isDying,
        // Giving up ends it all, and there is more to see.
        (m) => decidable(isLate)(m) && (decision !== 'give_up' || rare === 0),
        () => ({
          inModel: (m) => {
            if (decision === 'keep_polling') return model.keepPolling(m.store, rules);
            if (decision === 'replay') return model.replayArtifact(m.store, rules);
            return model.giveUp(m.store, rules);
          },
          inStore: async (real, { db }) => {
            const { chunkId } = real;
            const decided =
              decision === 'keep_polling'
                ? await keepPolling(db, chunkId, future_ms, person)
                : decision === 'replay'
                  ? await replayArtifact(db, chunkId, person)
                  : await giveUp(db, chunkId, person);
            return [decided.kind, nothing];
          },
        }),
      ),
  );

const control = fc
  .tuple(fc.constantFrom('pause', 'resume', 'resume', 'cancel'), fc.nat(7), isDyings)
  .map(
    ([how, rare, isDying]) =>
      new Verb(
        `${how} the job`,
        isDying,
        () => how !== 'cancel' || rare === 0,
        () => ({
          inModel: (m) => {
            if (how === 'pause') return model.pauseJob(m.store);
            if (how === 'resume') return model.resumeJob(m.store);
            return model.cancelJob(m.store);
          },
          inStore: async (real, { db }) => {
            const controlled =
              how === 'pause'
                ? await pauseJob(db, 1, real.jobId)
                : how === 'resume'
                  ? await resumeJob(db, 1, real.jobId)
                  : await cancelJob(db, 1, real.jobId);
            return ['changed' in controlled && controlled.changed, nothing];
          },
        }),
      ),
  );

const resume = isDyings.map(
  (isDying) =>
    new Verb(
      'resume the account',
      isDying,
      ({ store }) => store.pausedReason !== null,
      () => ({
        inModel: (m) => model.resumeAccount(m.store),
        inStore: async (real, { db }) => [await resumeAccount(db, real.account), nothing],
      }),
    ),
);

/** Rows of commands, most of which apply when their turn comes. */
export const commandRows = fc.commands<Modelled, Real, false>(
  [
    claimUpload,
    claimUpload,
    heartbeat,
    settleUpload,
    settleUpload,
    settleUpload,
    expire,
    timePasses,
    timePasses,
    claimTask,
    claimTask,
    settleTask,
    settleTask,
    settleTask,
    claimFile,
    claimFile,
    overtake,
    overtake,
    archiveFile,
    archiveFile,
    archiveFile,
    leaveFile,
    leaveFile,
    publishFile,
    publishFile,
    publishFile,
    adopt,
    pay,
    pay,
    decide,
    decide,
    control,
    resume,
  ] as fc.Arbitrary<fc.AsyncCommand<Modelled, Real>>[],
  { maxCommands: 160, size: 'max' },
);
