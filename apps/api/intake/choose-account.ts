import type { CreateJobOptions } from '@rollcall/contract';
import type { Account, CheckOffer } from '@rollcall/domain';
import { type Refusal, refuse } from '../refusal.ts';
import { belongsInBody } from './read-job-request.ts';

/** The accounts file without keys: what is offered, and by whom. */
export interface AccountBook {
  readonly accounts: ReadonlyMap<string, Account>;
  readonly defaults: ReadonlyMap<string, string>;
}

export interface ChosenAccount {
  readonly kind: 'chosen';
  readonly account: Account;
  readonly offer: CheckOffer;
}

/** The account named, else the check's default. Names in the details are the configuration's own, never the caller's. */
export function chooseAccount(
  book: AccountBook,
  options: Pick<CreateJobOptions, 'check' | 'account'>,
): ChosenAccount | Refusal {
  const offering = [...book.accounts.values()].filter((account) =>
    Object.hasOwn(account.checks, options.check),
  );
  if (offering.length === 0) {
    return refuse('unknown_check', { detail: `Checks: ${checksOf(book)}.` });
  }
  const id = options.account ?? book.defaults.get(options.check);
  const accounts = offering.map((account) => account.id);
  if (id === undefined) {
    return refuse('no_account_for_check', { detail: `Name one of: ${list(accounts)}.` });
  }
  const account = book.accounts.get(id);
  if (!account) return refuse('unknown_account', { detail: `Accounts: ${list(accounts)}.` });
  const offer = Object.hasOwn(account.checks, options.check)
    ? account.checks[options.check]
    : undefined;
  if (!offer) {
    return refuse('check_not_offered', { detail: `Accounts that do: ${list(accounts)}.` });
  }
  return { kind: 'chosen', account, offer };
}

/** A refusal of a wrong `check` says which ones there are: who wrote `Telegram` sees `telegram`. */
export function withChecksNamed(refusal: Refusal, book: AccountBook): Refusal {
  if (!refusal.errors?.some(isAboutCheck)) return refusal;
  const errors = refusal.errors.map((error) =>
    isAboutCheck(error)
      ? { ...error, message: `${error.message}; one of ${checksOf(book)}` }
      : error,
  );
  return { ...refusal, errors };
}

function isAboutCheck(error: { readonly pointer: string; readonly message: string }): boolean {
  return error.pointer === '/check' && error.message !== belongsInBody;
}

function checksOf(book: AccountBook): string {
  return list([...book.accounts.values()].flatMap((account) => Object.keys(account.checks)));
}

function list(names: readonly string[]): string {
  return [...new Set(names)].sort().join(', ');
}
