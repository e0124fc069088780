import type { NumberingPlan } from './numbering-plan.ts';
import { plansOfCallingCode } from './numbering-plan.ts';
import { PatternNetwork } from './pattern-network.ts';

type PlanMark =
  | { readonly role: 'nationalPrefix' }
  | { readonly role: 'general' | 'leadingDigits'; readonly plan: NumberingPlan }
  | { readonly role: 'range'; readonly plan: NumberingPlan; readonly lengths: readonly number[] };

const e164DigitsMax = 15;

/** All patterns of the plans behind one calling code, to be followed digit by digit. */
export interface CallingCodeNetwork {
  readonly callingCode: string;
  /** Longest national number that still makes 15 digits with the calling code. */
  readonly nationalDigitsMax: number;
  readonly start: () => number[];
  readonly step: (position: readonly number[], digit: number) => number[];
  /**
   * Whether the national digits that led here are a valid number just as they stand. No, too, where
   * a national prefix may have to come off first: that is for the slow path to weigh.
   */
  readonly isValid: (position: readonly number[], length: number) => boolean;
}

export function compileCallingCode(callingCode: string): CallingCodeNetwork {
  const plans = plansOfCallingCode(callingCode);
  const network = new PatternNetwork<PlanMark>();
  const prefix = plans[0]?.nationalPrefixSource;
  if (prefix !== undefined) network.add(prefix, { role: 'nationalPrefix' }, true);
  for (const plan of plans) {
    network.add(plan.generalSource, { role: 'general', plan }, false);
    for (const { source, lengths } of plan.ranges) {
      network.add(source, { role: 'range', plan, lengths }, false);
    }
    if (plan.leadingDigitsSource !== undefined) {
      network.add(plan.leadingDigitsSource, { role: 'leadingDigits', plan }, true);
    }
  }
  return {
    callingCode,
    nationalDigitsMax: e164DigitsMax - callingCode.length,
    start: () => network.start(),
    step: (position, digit) => network.step(position, digit),
    isValid: (position, length) => judge(plans, network.labels(position), length),
  };
}

function judge(
  plans: readonly NumberingPlan[],
  marks: readonly PlanMark[],
  length: number,
): boolean {
  if (marks.some((mark) => mark.role === 'nationalPrefix')) return false;
  const isInPlan = (plan: NumberingPlan): boolean =>
    marks.some((mark) => mark.role === 'general' && mark.plan === plan) &&
    marks.some(
      (mark) => mark.role === 'range' && mark.plan === plan && mark.lengths.includes(length),
    );
  const leads = (plan: NumberingPlan): boolean =>
    marks.some((mark) => mark.role === 'leadingDigits' && mark.plan === plan);
  const [main] = plans;
  // As resolve-digits.ts does: the first region to claim the number owns it, and its plan alone judges.
  const owner =
    plans.length === 1
      ? main
      : plans.find((plan) =>
          plan.leadingDigitsSource === undefined ? isInPlan(plan) : leads(plan),
        );
  const judging = owner ?? main;
  return judging !== undefined && isInPlan(judging);
}
