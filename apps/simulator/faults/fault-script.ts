import type { ContractName } from '../accounts.ts';
import type { OperationName } from '../request-log.ts';
import {
  actsBeforeBody,
  type AnsweringAction,
  type AttachingAction,
  attaches,
  type Fault,
} from './fault.ts';

/** What is known of a request when faults are looked up. */
export interface RequestFacts {
  contract: ContractName;
  operation: OperationName;
  account: string;
  key: string;
  taskType?: string | undefined;
  taskIds?: readonly string[];
}

/** A posted fault with its counts. */
export interface PostedFault extends Fault {
  id: number;
  /** How many requests matched, and on how many it fired. */
  seen: number;
  fired: number;
}

/**
 * The scripted faults in the order of posting. Every fault that matches a request counts it. Of those that are then due,
 * one shapes the answer: the first posted; the others wait for the next match. Those that attach to tasks all fire.
 */
export class FaultScript {
  #faults: PostedFault[] = [];
  #nextId = 1;

  post(fault: Fault): PostedFault {
    const posted = { ...fault, id: this.#nextId, seen: 0, fired: 0 };
    this.#nextId += 1;
    this.#faults.push(posted);
    return posted;
  }

  all(): readonly PostedFault[] {
    return this.#faults;
  }

  /** Forgets one fault, or all of them. What already attached to a task stays there. */
  clear(id?: number): void {
    this.#faults = id === undefined ? [] : this.#faults.filter((fault) => fault.id !== id);
  }

  /** The fault that strikes before the body of a request is read, if one does. */
  claimBeforeBody(facts: RequestFacts): AnsweringAction | undefined {
    const due = this.#due(facts, (fault) => actsBeforeBody(fault.action));
    return this.#fireFirst(due);
  }

  /** The faults that strike once the body is read. */
  claimAfterBody(facts: RequestFacts): {
    answering: AnsweringAction | undefined;
    attaching: AttachingAction[];
  } {
    const due = this.#due(facts, (fault) => !actsBeforeBody(fault.action));
    const attaching: AttachingAction[] = [];
    for (const fault of due) {
      if (!attaches(fault.action)) continue;
      fault.fired += 1;
      attaching.push(fault.action);
    }
    return { answering: this.#fireFirst(due), attaching };
  }

  #fireFirst(due: PostedFault[]): AnsweringAction | undefined {
    for (const fault of due) {
      if (attaches(fault.action)) continue;
      fault.fired += 1;
      return fault.action;
    }
    return undefined;
  }

  #due(facts: RequestFacts, stage: (fault: Fault) => boolean): PostedFault[] {
    const matching = this.#faults.filter((fault) => stage(fault) && agrees(fault.match, facts));
    for (const fault of matching) fault.seen += 1;
    return matching.filter(
      (fault) => fault.seen >= fault.nth && (fault.next === 'all' || fault.fired < fault.next),
    );
  }
}

function agrees(match: Fault['match'], facts: RequestFacts): boolean {
  return (
    (match.contract === undefined || match.contract === facts.contract) &&
    (match.operation === undefined || match.operation === facts.operation) &&
    (match.account === undefined || match.account === facts.account) &&
    (match.key === undefined || match.key === facts.key) &&
    (match.task_type === undefined || match.task_type === facts.taskType) &&
    (match.task_id === undefined || (facts.taskIds ?? []).includes(match.task_id))
  );
}
