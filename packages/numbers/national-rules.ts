// The common shapes of bare digits in a default region, derived from resolve-digits.ts: every condition
// below names the step there that it rules out or relies on, and the property test compares the two.
import type { DigitPattern } from './digit-pattern.ts';
import { anyDigit, parseDigitPattern } from './digit-pattern.ts';
import type { DigitRules, Verdict } from './digit-table.ts';
import { verdict } from './digit-table.ts';
import type { NumberingPlan } from './numbering-plan.ts';
import { planOfRegion, plansOfCallingCode } from './numbering-plan.ts';
import { PlanTracks } from './plan-tracks.ts';

export interface NationalState {
  readonly first: number | undefined;
  readonly length: number;
  readonly position: readonly number[];
}

type Sign = 'internationalPrefix' | 'nationalPrefix' | 'callingCode' | 'nationalPrefixAfterCode';

const e164DigitsMax = 15;
const whole = '';

/** Digits without `+`, as they are dialled in a region. What these rules leave open, the slow path decides. */
export function nationalRules(region: string): DigitRules<NationalState> {
  const home = planOfRegion(region);
  const { callingCode } = home;
  const plans = plansOfCallingCode(callingCode);
  const main = plans[0] ?? home;
  const prefixDigits = plainPrefixDigits(home);
  const tracks = compileTracks(home, plans, prefixDigits);

  // An E.164 number has at most 15 digits; a longer one is the slow path's to refuse.
  const roomFor = (nationalLength: number): boolean =>
    callingCode.length + nationalLength <= e164DigitsMax;

  function judge({ first, length, position }: NationalState): Verdict {
    const view = tracks.look(position, length);
    if (first === undefined || view.has('internationalPrefix')) return verdict.ask;
    const isCoded = view.has('callingCode');
    const isGeneral = view.matchesGeneral(whole, home);
    if (!view.has('nationalPrefix')) {
      // carriesCallingCode is false for the first, true for the second.
      const isNational = !isCoded || isGeneral;
      if (isNational) {
        const taken = roomFor(length) && view.isValid(whole, home);
        return taken ? verdict.afterCallingCode : verdict.ask;
      }
      const isInternational =
        !view.has('nationalPrefixAfterCode') &&
        view.matchesGeneral(callingCode, home) &&
        view.isValid(callingCode, main);
      return isInternational ? verdict.asTheyStand : verdict.ask;
    }
    // stripNationalPrefix takes exactly the first digit off, since what is left is valid and the whole is not.
    const track = String(first);
    const stripped =
      roomFor(length - 1) &&
      prefixDigits.includes(first) &&
      !isGeneral &&
      (!isCoded || view.matchesGeneral(track, home)) &&
      view.isValid(track, home);
    return stripped ? verdict.afterFirstDigit : verdict.ask;
  }

  return {
    start: { first: undefined, length: 0, position: tracks.start() },
    follow(state, digit) {
      const length = state.length + 1;
      const position = tracks.step(state.position, digit);
      return position.length === 0 || length > e164DigitsMax
        ? undefined
        : { first: state.first ?? digit, length, position };
    },
    key: ({ first, length, position }) => `${first}/${length}/${position.join(',')}`,
    judge,
  };
}

function compileTracks(
  home: NumberingPlan,
  plans: readonly NumberingPlan[],
  prefixDigits: readonly number[],
): PlanTracks<Sign> {
  const tracks = new PlanTracks<Sign>(plans);
  for (const track of new Set([whole, home.callingCode, ...prefixDigits.map(String)])) {
    tracks.addTrack(track);
  }
  tracks.addSign(home.callingCode, 'callingCode');
  if (home.internationalPrefixSource !== undefined) {
    tracks.addSign(home.internationalPrefixSource, 'internationalPrefix');
  }
  if (home.nationalPrefixSource !== undefined) {
    tracks.addSign(home.nationalPrefixSource, 'nationalPrefix');
    tracks.addSign(
      `${home.callingCode}(?:${home.nationalPrefixSource})`,
      'nationalPrefixAfterCode',
    );
  }
  return tracks;
}

/** The digits that, at the start, are a national prefix by themselves and the beginning of no other. */
function plainPrefixDigits(plan: NumberingPlan): number[] {
  if (plan.nationalPrefixSource === undefined) return [];
  const pattern = parseDigitPattern(plan.nationalPrefixSource);
  const options = pattern.kind === 'choice' ? pattern.options : [pattern];
  return [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((digit) => {
    const fitting = options.filter((option) => (firstDigits(option) & (1 << digit)) !== 0);
    return fitting.length === 1 && fitting[0] !== undefined && isOneStep(fitting[0]);
  });
}

function isOneStep(pattern: DigitPattern): boolean {
  if (pattern.kind === 'sequence') {
    return (
      pattern.parts.length === 1 && pattern.parts[0] !== undefined && isOneStep(pattern.parts[0])
    );
  }
  return pattern.kind === 'step';
}

/** The digits that a match may begin with; all of them where an optional part makes it hard to tell. */
function firstDigits(pattern: DigitPattern): number {
  switch (pattern.kind) {
    case 'step':
      return pattern.digits;
    case 'sequence':
      return pattern.parts[0] === undefined ? anyDigit : firstDigits(pattern.parts[0]);
    case 'choice':
      return pattern.options.reduce((digits, option) => digits | firstDigits(option), 0);
    case 'repeat':
      return pattern.min === 0 ? anyDigit : firstDigits(pattern.part);
    case 'end':
      return anyDigit;
  }
}
