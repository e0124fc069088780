import {
  type Account,
  type AccountInput,
  type AccountOf,
  accountSchema,
  type ContractName,
} from './accounts.ts';
import { toMicros } from './money.ts';

/** The accounts by name and by key, with the money that each has left. */
export class AccountBook {
  #byName = new Map<string, Account>();
  #balanceMicros = new Map<string, number>();

  /** @throws when two accounts share a name, or a key within a contract. */
  constructor(inputs: readonly AccountInput[]) {
    for (const input of inputs) {
      const account = accountSchema.parse(input);
      if (this.#byName.has(account.name)) throw new Error(`two accounts named ${account.name}`);
      this.#refuseSharedKey(account);
      this.#byName.set(account.name, account);
      this.#balanceMicros.set(account.name, toMicros(account.balance));
    }
  }

  all(): Account[] {
    return [...this.#byName.values()];
  }

  byName(name: string): Account | undefined {
    return this.#byName.get(name);
  }

  /** The account that a key opens under a contract; `undefined` is a 401. */
  byKey<Contract extends ContractName>(
    contract: Contract,
    key: string | undefined,
  ): AccountOf<Contract> | undefined {
    return this.all().find(
      (account): account is AccountOf<Contract> =>
        account.contract === contract && account.key === key,
    );
  }

  /** Changes options of an account (its key, say). `balance` is set through `setBalance` instead, and is ignored here. */
  patch(name: string, changes: object): Account | undefined {
    const before = this.#byName.get(name);
    if (!before) return undefined;
    const after = accountSchema.parse({ ...before, ...changes, name, contract: before.contract });
    this.#refuseSharedKey(after);
    this.#byName.set(name, after);
    return after;
  }

  balanceMicros(name: string): number {
    const micros = this.#balanceMicros.get(name);
    if (micros === undefined) throw new Error(`no account named ${name}`);
    return micros;
  }

  setBalanceMicros(name: string, micros: number): void {
    this.balanceMicros(name);
    this.#balanceMicros.set(name, micros);
  }

  #refuseSharedKey(account: Account): void {
    const holder = this.byKey(account.contract, account.key);
    if (holder && holder.name !== account.name) {
      throw new Error(`accounts ${holder.name} and ${account.name} share a key`);
    }
  }
}
