import type { NumberingPlan } from './numbering-plan.ts';
import { PatternNetwork } from './pattern-network.ts';

type Mark<Sign extends string> =
  | { readonly kind: 'sign'; readonly sign: Sign }
  | {
      readonly kind: 'general' | 'leadingDigits';
      readonly track: string;
      readonly plan: NumberingPlan;
    }
  | {
      readonly kind: 'range';
      readonly track: string;
      readonly plan: NumberingPlan;
      readonly lengths: readonly number[];
    };

/**
 * The patterns of the plans behind one calling code, followed digit by digit along several tracks at
 * once: each supposes that the national number begins after a certain beginning (`''`, `0`, `44`).
 * Beside them go signs, patterns that tell something of the digits' beginning.
 */
export class PlanTracks<Sign extends string> {
  readonly #plans: readonly NumberingPlan[];
  readonly #network = new PatternNetwork<Mark<Sign>>();

  constructor(plans: readonly NumberingPlan[]) {
    this.#plans = plans;
  }

  addTrack(track: string): void {
    for (const plan of this.#plans) {
      const add = (source: string, mark: Mark<Sign>, stays: boolean): void =>
        this.#network.add(`${track}(?:${source})`, mark, stays);
      add(plan.generalSource, { kind: 'general', track, plan }, false);
      for (const { source, lengths } of plan.ranges) {
        add(source, { kind: 'range', track, plan, lengths }, false);
      }
      if (plan.leadingDigitsSource !== undefined) {
        add(plan.leadingDigitsSource, { kind: 'leadingDigits', track, plan }, true);
      }
    }
  }

  addSign(source: string, sign: Sign): void {
    this.#network.add(source, { kind: 'sign', sign }, true);
  }

  start(): readonly number[] {
    return this.#network.start();
  }

  step(position: readonly number[], digit: number): readonly number[] {
    return this.#network.step(position, digit);
  }

  /** What is known at a position, `length` digits on. */
  look(position: readonly number[], length: number): TrackView<Sign> {
    return new TrackView(this.#plans, this.#network.labels(position), length);
  }
}

class TrackView<Sign extends string> {
  readonly #plans: readonly NumberingPlan[];
  readonly #marks: readonly Mark<Sign>[];
  readonly #length: number;

  constructor(plans: readonly NumberingPlan[], marks: readonly Mark<Sign>[], length: number) {
    this.#plans = plans;
    this.#marks = marks;
    this.#length = length;
  }

  has(sign: Sign): boolean {
    return this.#marks.some((mark) => mark.kind === 'sign' && mark.sign === sign);
  }

  /** Whether the digits after the track's beginning match what all numbers of the plan match. */
  matchesGeneral(track: string, plan: NumberingPlan): boolean {
    return this.#matches('general', track, plan);
  }

  /**
   * Whether the digits after the track's beginning are a valid number. As in resolve-digits.ts, the first
   * region to claim them owns them, and its plan alone judges; `otherwise` judges what nobody claims.
   */
  isValid(track: string, otherwise: NumberingPlan): boolean {
    const owner =
      this.#plans.length === 1
        ? this.#plans[0]
        : this.#plans.find((plan) =>
            plan.leadingDigitsSource === undefined
              ? this.#isInPlan(track, plan)
              : this.#matches('leadingDigits', track, plan),
          );
    return this.#isInPlan(track, owner ?? otherwise);
  }

  #isInPlan(track: string, plan: NumberingPlan): boolean {
    const length = this.#length - track.length;
    return (
      this.matchesGeneral(track, plan) &&
      this.#marks.some(
        (mark) =>
          mark.kind === 'range' &&
          mark.track === track &&
          mark.plan === plan &&
          mark.lengths.includes(length),
      )
    );
  }

  #matches(kind: 'general' | 'leadingDigits', track: string, plan: NumberingPlan): boolean {
    return this.#marks.some(
      (mark) => mark.kind === kind && mark.track === track && mark.plan === plan,
    );
  }
}
