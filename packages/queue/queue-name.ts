import type { Doorbell, Stage } from './doorbell.ts';

/**
 * The queue that a doorbell is rung in: `plan`, `submit.<account>`, `poll`, `ingest`. Submit has one queue per
 * account, so that a slow or paused provider never stands in front of another; the dot, which no account's id has, lets the
 * dashboard show them as a group. A doorbell names its own account; a
 * bare `submit` needs it as the second argument and throws a TypeError without.
 */
export function queueName(of: Doorbell | Stage, account?: string): string {
  if (typeof of !== 'string') {
    return of.stage === 'submit' ? queueName(of.stage, of.account) : queueName(of.stage);
  }
  if (of !== 'submit') return of;
  if (account === undefined) throw new TypeError('a submit queue is named by its account');
  return `submit.${account}`;
}

/** Every queue of an installation with these accounts. */
export function allQueueNames(accounts: readonly string[]): readonly string[] {
  return [
    queueName('plan'),
    ...new Set(accounts.map((account) => queueName('submit', account))),
    queueName('poll'),
    queueName('ingest'),
  ];
}
