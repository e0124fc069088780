import { fromMicros, toMicros } from './money.ts';
import type { Task } from './tasks.ts';
import { withMilliseconds } from './timestamps.ts';

/** One charge. `numbers` counts them; the numbers themselves are at `/_sim/tasks/<task_id>/numbers`. */
export interface Charge {
  seq: number;
  at: string;
  account: string;
  contract: string;
  task_id: string;
  /** The id that the answer gave, where a scripted fault made it another task's. */
  shown_task_id: string;
  task_type: string;
  check: string;
  numbers: number;
  amount: number;
  amount_micros: number;
  currency: string;
  /** SHA-256 of the task's distinct numbers, ascending, as digits without `+`, each followed by a newline. */
  numbers_sha256: string;
}

/**
 * Every charge, in order, append-only: the oracle of all tests of money. A charge is written in the moment in which the
 * contract says that the upload is accepted, whatever then becomes of the answer; under `webcom` that is when the task is
 * paid for, so a task in `waittopay` has none yet.
 */
export class Ledger {
  #charges: Charge[] = [];

  charge(task: Task, atMs: number): Charge {
    const amountMicros = toMicros(task.pricePerNumber) * task.numbers.length;
    const charge: Charge = Object.freeze({
      seq: this.#charges.length + 1,
      at: withMilliseconds(atMs),
      account: task.account,
      contract: task.contract,
      task_id: task.id,
      shown_task_id: task.shownId,
      task_type: task.taskType,
      check: task.traits.check,
      numbers: task.numbers.length,
      amount: fromMicros(amountMicros),
      amount_micros: amountMicros,
      currency: task.currency,
      numbers_sha256: task.numbersSha256,
    });
    this.#charges.push(charge);
    return charge;
  }

  /** The charges after a sequence number, oldest first. */
  after(seq: number): readonly Charge[] {
    return this.#charges.slice(seq);
  }
}
