import { crashPoints } from '@rollcall/crash-points';

/** The steps of apps/worker/testing/one-step.ts. */
export type StepName =
  | 'plan'
  | 'submit'
  | 'poll'
  | 'ingest'
  | 'expire'
  | 'rescue'
  | 'balances'
  | 'sync';

const passed: Readonly<Record<StepName, RegExp>> = {
  plan: /^(?:plan\.|ring\.next_ready|ring:after)/,
  submit: /^(?:submit:|submit\.(?:claim|settle)|lease\.extend|ring\.next_ready|ring:after)/,
  poll: /^(?:poll:|poll\.(?:claim|reserve_request|settle)|ring:after)/,
  ingest: /^(?:ingest:|ingest\.(?!leave|keep_evidence)|ring\.next_ready)/,
  expire: /^sweep\.expire/,
  rescue: /^(?:sweep\.rescue|ring:after)/,
  balances: /^sweep\.(?:take_doubt_look|reserve_request|keep_doubt_balance)/,
  sync: /^accounts\.sync/,
};

/** Where a step can die. */
export function pointsOf(step: StepName): readonly string[] {
  return crashPoints.filter((point) => passed[step].test(point));
}

/** What a step passes only when something is wrong; a fault must have been scripted for it. */
export const rarePoints: Readonly<Partial<Record<StepName, readonly string[]>>> = {
  submit: crashPoints.filter((point) =>
    /^submit\.(?:reserve_request|take_balance_look|keep_balance)/.test(point),
  ),
  poll: crashPoints.filter((point) => point.startsWith('poll.pause_account')),
  ingest: crashPoints.filter((point) => /^ingest\.(?:leave|keep_evidence)/.test(point)),
};
