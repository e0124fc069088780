import type { OwnKey } from '@rollcall/contract';
import type { Command } from 'commander';
import { flag } from './flags.ts';

/** The limits of a key as flags, as the API takes them, and in words. */
export interface LimitOptions {
  readonly requestsPerMinute?: number | 'none';
  readonly numbersPerDay?: number | 'none';
  readonly costPerDay?: string;
}

interface LimitParsers {
  whole(min: number, max: number): (text: string) => number | 'none';
  amount(this: void, text: string): string;
}

/** Where there may be a limit already, `none` takes it away. It stays a word until it is sent: of a null the parser of flags makes an empty text. */
export const orNone: LimitParsers = {
  whole: (min, max) => (text) => (text === 'none' ? text : flag.whole(min, max)(text)),
  amount: (text) => (text === 'none' ? text : flag.amount(text)),
};

export function limitFlags(command: Command, parse: LimitParsers): Command {
  return command
    .option(
      '--requests-per-minute <n>',
      'requests that it may send to one API process',
      parse.whole(1, 1_000_000),
    )
    .option(
      '--numbers-per-day <n>',
      'numbers of the jobs that it may make in a UTC day',
      parse.whole(0, 999_999_999),
    )
    .option('--cost-per-day <amount>', 'what these may cost, in each currency', parse.amount);
}

export function limitsOf({ requestsPerMinute, numbersPerDay, costPerDay }: LimitOptions) {
  const given = <Limit>(limit: Limit | 'none') => (limit === 'none' ? null : limit);
  return {
    requests_per_minute: given(requestsPerMinute),
    numbers_per_day: given(numbersPerDay),
    cost_per_day: given(costPerDay),
  };
}

export function limitsText(limits: OwnKey['limits']): string {
  const { requests_per_minute, numbers_per_day, cost_per_day } = limits;
  const told = [
    requests_per_minute === null ? null : `${requests_per_minute} requests a minute`,
    numbers_per_day === null ? null : `${numbers_per_day} numbers a day`,
    cost_per_day === null ? null : `${cost_per_day} a day in each currency`,
  ].filter((each) => each !== null);
  return told.length === 0 ? 'no limits' : told.join(', ');
}

export function leftText({ limits, today }: OwnKey): string[] {
  const costs = today.costs.map(
    ({ currency, cost, left }) =>
      `${cost} ${currency}${left === null ? '' : ` (${left} ${currency} left)`}`,
  );
  const numbers =
    today.numbers_left === null
      ? `${today.numbers} numbers`
      : `${today.numbers} numbers (${today.numbers_left} left)`;
  return [`Limits: ${limitsText(limits)}`, `Today (UTC): ${[numbers, ...costs].join(', ')}`];
}
