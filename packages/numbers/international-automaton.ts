import type { CallingCodeNetwork } from './calling-code-network.ts';
import { compileCallingCode } from './calling-code-network.ts';
import { callingCodes } from './numbering-plan.ts';

type State =
  | { readonly kind: 'dead' }
  /** Within the calling code. */
  | { readonly kind: 'dialling'; readonly digits: string }
  /** After it, `length` digits on. */
  | {
      readonly kind: 'national';
      readonly code: CallingCodeNetwork;
      readonly length: number;
      readonly position: readonly number[];
    };

const unexplored = -1;
const statesAtFirst = 4096;

/**
 * The world's numbering plans as one table over digits, so that a number is judged byte by byte without
 * a string being made of it. It says yes only where the slow path (resolve-digits.ts) would take the
 * digits exactly as they stand; a no means "ask the slow path".
 *
 * States are made when first walked into, so a list of one country pays for one country.
 */
export class InternationalAutomaton {
  static readonly dead = 0;
  static readonly start = 1;

  /** Next state at `state * 10 + digit`; negative: not explored yet. Replaced when it grows. */
  transitions = new Int32Array(statesAtFirst * 10).fill(unexplored);
  /** 1 where the digits so far are a valid number. Replaced when it grows. */
  accepting = new Uint8Array(statesAtFirst);
  readonly #states: State[] = [];
  readonly #known = new Map<string, number>();
  readonly #codes = new Map<string, CallingCodeNetwork>();

  constructor() {
    this.#stateOf('dead', () => ({ kind: 'dead' }));
    this.#stateOf('dialling/', () => ({ kind: 'dialling', digits: '' }));
  }

  get size(): number {
    return this.#states.length;
  }

  /** Fills in a transition that the table does not have yet, and returns it. */
  explore(state: number, digit: number): number {
    const next = this.#follow(this.#states[state] ?? { kind: 'dead' }, digit);
    this.transitions[state * 10 + digit] = next;
    return next;
  }

  #follow(from: State, digit: number): number {
    if (from.kind === 'dead') return InternationalAutomaton.dead;
    if (from.kind === 'dialling') return this.#dial(`${from.digits}${digit}`);
    if (from.length >= from.code.nationalDigitsMax) return InternationalAutomaton.dead;
    return this.#enter(from.code, from.length + 1, from.code.step(from.position, digit));
  }

  #dial(digits: string): number {
    if (callingCodes.includes(digits)) {
      const code = this.#codes.get(digits) ?? compileCallingCode(digits);
      this.#codes.set(digits, code);
      return this.#enter(code, 0, code.start());
    }
    if (!callingCodes.some((code) => code.startsWith(digits))) return InternationalAutomaton.dead;
    return this.#stateOf(`dialling/${digits}`, () => ({ kind: 'dialling', digits }));
  }

  #enter(code: CallingCodeNetwork, length: number, position: readonly number[]): number {
    if (position.length === 0) return InternationalAutomaton.dead;
    const key = `${code.callingCode}/${length}/${position.join(',')}`;
    return this.#stateOf(key, () => ({ kind: 'national', code, length, position }));
  }

  #stateOf(key: string, make: () => State): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const state = make();
    const index = this.#states.push(state) - 1;
    this.#known.set(key, index);
    if (index >= this.accepting.length) this.#grow();
    if (state.kind === 'national' && state.code.isValid(state.position, state.length)) {
      this.accepting[index] = 1;
    }
    return index;
  }

  #grow(): void {
    const accepting = new Uint8Array(this.accepting.length * 2);
    accepting.set(this.accepting);
    this.accepting = accepting;
    const transitions = new Int32Array(this.transitions.length * 2).fill(unexplored);
    transitions.set(this.transitions);
    this.transitions = transitions;
  }
}
