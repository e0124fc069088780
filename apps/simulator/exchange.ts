import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Account, ContractName } from './accounts.ts';
import { type Answer, jsonAnswer, sendAnswer, textAnswer } from './answer.ts';
import { attach } from './faults/attach.ts';
import { deliver } from './faults/deliver.ts';
import type { AnsweringAction } from './faults/fault.ts';
import type { OperationName } from './request-log.ts';
import type { Simulation } from './simulation.ts';
import type { Task } from './tasks.ts';

/** A request that was read: what it asks, and the tasks that it asks about. */
export interface Asked<Body> {
  body: Body;
  taskType?: string | undefined;
  tasks?: readonly Task[];
}

/** One operation of one contract, as steps between which the exchange lets faults strike. */
export interface Operation<Owner extends Account, Body> {
  contract: ContractName;
  operation: OperationName;
  /** The vendor's own error shape. */
  refuse: (status: number) => Answer;
  /** Whose request it is, from its head alone. */
  identify: (request: FastifyRequest) => Owner | Answer;
  read: (request: FastifyRequest, account: Owner) => Promise<Asked<Body> | Answer>;
  /** Does what was asked. `shownTaskId`: the id to answer with in place of a new task's own. */
  act: (
    account: Owner,
    body: Body,
    directions: { shownTaskId: string | undefined },
  ) => Promise<Answer | { created: Task; answer: Answer }>;
}

/**
 * Runs one request: identify, count, faults before the body, read, faults after it, act, answer. The log's in-flight count
 * spans from the head's arrival to the end of the connection's use.
 */
export async function exchange<Owner extends Account, Body>(
  simulation: Simulation,
  request: FastifyRequest,
  reply: FastifyReply,
  operation: Operation<Owner, Body>,
): Promise<void> {
  const account = operation.identify(request);
  const owner = isAnswer(account) ? 'unidentified' : account.name;
  const end = simulation.requests.begin(operation.contract, operation.operation, owner);
  reply.raw.once('close', () => end(reply.raw.headersSent ? reply.raw.statusCode : 0));
  if (isAnswer(account)) return sendAnswer(reply, account);

  const facts = {
    contract: operation.contract,
    operation: operation.operation,
    account: account.name,
    key: account.key,
  };
  const early = simulation.faults.claimBeforeBody(facts);
  if (early) return deliver(reply, scriptedAnswer(early, operation.refuse), early);

  const asked = await operation.read(request, account);
  if (isAnswer(asked)) return sendAnswer(reply, asked);
  const tasks = asked.tasks ?? [];
  const { answering, attaching } = simulation.faults.claimAfterBody({
    ...facts,
    taskType: asked.taskType ?? tasks[0]?.taskType,
    taskIds: tasks.map((task) => task.id),
  });
  for (const task of tasks) attach(task, attaching);
  if (answering?.kind === 'delay' && answering.before_charge) {
    await wait(answering.ms, undefined, { ref: false });
  }
  if (answering && !takesEffect(answering, operation.operation)) {
    return deliver(reply, scriptedAnswer(answering, operation.refuse), answering);
  }
  const acted = await operation.act(account, asked.body, {
    shownTaskId: shownTaskId(simulation, account, answering),
  });
  if (!isAnswer(acted)) attach(acted.created, attaching);
  const answer = isAnswer(acted) ? acted : acted.answer;
  const bent = answering?.kind === 'answer' ? scriptedAnswer(answering, operation.refuse) : answer;
  await deliver(reply, bent, answering);
}

function isAnswer(value: object): value is Answer {
  return 'headers' in value && 'status' in value;
}

/** Whether the operation is carried out under a fault: a creation where it says so, anything else unless it is replaced. */
function takesEffect(action: AnsweringAction, operation: OperationName): boolean {
  if (operation !== 'create') return action.kind !== 'answer';
  return 'charge' in action ? action.charge : true;
}

function scriptedAnswer(action: AnsweringAction, refuse: (status: number) => Answer): Answer {
  if (action.kind === 'answer') {
    const answer =
      action.json !== undefined
        ? jsonAnswer(action.status, action.json)
        : action.text !== undefined
          ? textAnswer(action.status, action.text, 'text/html; charset=utf-8')
          : refuse(action.status);
    const headers = { ...answer.headers, ...action.headers };
    if (action.content_type !== undefined) headers['content-type'] = action.content_type;
    return { ...answer, headers };
  }
  return refuse(action.kind === 'reset_after_headers' ? (action.status ?? 500) : 500);
}

function shownTaskId(
  simulation: Simulation,
  account: Account,
  action: AnsweringAction | undefined,
): string | undefined {
  if (action?.kind !== 'duplicate_task_id') return undefined;
  return action.task_id ?? simulation.tasks.newestOf(account.name)?.shownId;
}
