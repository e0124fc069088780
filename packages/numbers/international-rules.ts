import type { DigitRules } from './digit-table.ts';
import { verdict } from './digit-table.ts';
import { callingCodes, plansOfCallingCode } from './numbering-plan.ts';
import { PlanTracks } from './plan-tracks.ts';

type Tracks = PlanTracks<'nationalPrefix'>;

export type InternationalState =
  /** Within the calling code. */
  | { readonly kind: 'dialling'; readonly digits: string }
  /** After it, `length` digits on. */
  | {
      readonly kind: 'national';
      readonly callingCode: string;
      readonly length: number;
      readonly position: readonly number[];
    };

const e164DigitsMax = 15;
const whole = '';

/**
 * Digits that begin with a calling code. Valid numbers whose national part could begin with a national
 * prefix are left to the slow path, which weighs whether it has to come off.
 */
export function internationalRules(): DigitRules<InternationalState> {
  const tracksOfCode = new Map<string, Tracks>();

  function tracksOf(callingCode: string): Tracks {
    const tracks = tracksOfCode.get(callingCode) ?? compileTracks(callingCode);
    tracksOfCode.set(callingCode, tracks);
    return tracks;
  }

  return {
    start: { kind: 'dialling', digits: '' },
    follow(state, digit) {
      if (state.kind === 'national') {
        const length = state.length + 1;
        if (state.callingCode.length + length > e164DigitsMax) return undefined;
        const position = tracksOf(state.callingCode).step(state.position, digit);
        return position.length === 0 ? undefined : { ...state, length, position };
      }
      const digits = `${state.digits}${digit}`;
      if (callingCodes.includes(digits)) {
        const position = tracksOf(digits).start();
        return { kind: 'national', callingCode: digits, length: 0, position };
      }
      return callingCodes.some((code) => code.startsWith(digits))
        ? { kind: 'dialling', digits }
        : undefined;
    },
    key: (state) =>
      state.kind === 'dialling'
        ? state.digits
        : `${state.callingCode}/${state.length}/${state.position.join(',')}`,
    judge(state) {
      if (state.kind === 'dialling') return verdict.ask;
      const [main] = plansOfCallingCode(state.callingCode);
      const view = tracksOf(state.callingCode).look(state.position, state.length);
      if (main === undefined || view.has('nationalPrefix')) return verdict.ask;
      return view.isValid(whole, main) ? verdict.asTheyStand : verdict.ask;
    },
  };
}

function compileTracks(callingCode: string): Tracks {
  const plans = plansOfCallingCode(callingCode);
  const tracks: Tracks = new PlanTracks(plans);
  tracks.addTrack(whole);
  const prefix = plans[0]?.nationalPrefixSource;
  if (prefix !== undefined) tracks.addSign(prefix, 'nationalPrefix');
  return tracks;
}
