import type { BodyForm } from './body-forms.ts';

/** One of the checks that the seed pages describe, and how the demo sends its numbers. */
export interface DemoCheck {
  readonly check: string;
  readonly account: string;
  /** The same thing in the simulator's words: whom it charges, and for what. */
  readonly simulated: { readonly account: string; readonly taskType: string };
  readonly form: BodyForm;
}

export const demoChecks: readonly DemoCheck[] = [
  {
    check: 'whatsapp',
    account: 'webcom',
    simulated: { account: 'webcom', taskType: 'WA_cheking' },
    form: 'txt',
  },
  {
    check: 'viber',
    account: 'webcom',
    simulated: { account: 'webcom', taskType: 'Viber_cheking' },
    form: 'csv',
  },
  {
    check: 'telegram',
    account: 'webcom',
    simulated: { account: 'webcom', taskType: 'Telegram_cheking' },
    form: 'txt.gz',
  },
  {
    check: 'telegram',
    account: 'ekycpro',
    simulated: { account: 'ekycpro', taskType: 'tg' },
    form: 'json',
  },
  {
    check: 'coinw',
    account: 'ekycpro',
    simulated: { account: 'ekycpro', taskType: 'coinW' },
    form: 'form, tsv',
  },
  {
    check: 'twitter',
    account: 'checknumber',
    simulated: { account: 'checknumber', taskType: 'Twitter' },
    form: 'form, csv.gz',
  },
  {
    check: 'facebook',
    account: 'ekycpro-facebook',
    simulated: { account: 'facebook', taskType: 'facebook' },
    form: 'txt, GB',
  },
];

/** `telegram at ekycpro`: two accounts answer the same check. */
export function titleOf({ check, account }: Pick<DemoCheck, 'check' | 'account'>): string {
  return `${check} at ${account}`;
}
