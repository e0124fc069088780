/**
 * How a number whose digits led to a state is to be taken, if it may be:
 * the E.164 number is the digits as they stand, or the calling code and the digits, or the calling code
 * and the digits without the first. Anything else is {@link verdict.ask}: the slow path decides.
 */
export const verdict = { ask: 0, asTheyStand: 1, afterCallingCode: 2, afterFirstDigit: 3 } as const;

export type Verdict = (typeof verdict)[keyof typeof verdict];

/** The rules that a table is filled in from. */
export interface DigitRules<State> {
  readonly start: State;
  /** Undefined: no number begins with these digits. */
  readonly follow: (state: State, digit: number) => State | undefined;
  /** Equal for states that go on equally. */
  readonly key: (state: State) => string;
  readonly judge: (state: State) => Verdict;
}

const unexplored = -1;
const statesAtFirst = 1024;

/**
 * Rules over digits as a table, so that a number is judged byte by byte without a string being made of
 * it. States are found when first walked into: 10 M numbers of fourteen countries needed 191 of them.
 * Numbers are finite, so tables are: all international ones are 24,455 states (1 s, 13 MB).
 */
export class DigitTable<State> {
  static readonly dead = 0;
  static readonly start = 1;

  /** Next state at `state * 10 + digit`; negative: not explored yet. Replaced when it grows. */
  transitions = new Int32Array(statesAtFirst * 10).fill(unexplored);
  /** A {@link Verdict} a state. Replaced when it grows. */
  verdicts = new Uint8Array(statesAtFirst);
  readonly #rules: DigitRules<State>;
  readonly #states: (State | undefined)[] = [undefined];
  readonly #known = new Map<string, number>();

  constructor(rules: DigitRules<State>) {
    this.#rules = rules;
    this.#indexOf(rules.start);
  }

  get size(): number {
    return this.#states.length;
  }

  /** Fills in a transition that the table does not have yet, and returns it. */
  explore(index: number, digit: number): number {
    const from = this.#states[index];
    const to = from === undefined ? undefined : this.#rules.follow(from, digit);
    const next = to === undefined ? DigitTable.dead : this.#indexOf(to);
    this.transitions[index * 10 + digit] = next;
    return next;
  }

  #indexOf(state: State): number {
    const key = this.#rules.key(state);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const index = this.#states.push(state) - 1;
    this.#known.set(key, index);
    if (index >= this.verdicts.length) this.#grow();
    this.verdicts[index] = this.#rules.judge(state);
    return index;
  }

  #grow(): void {
    const verdicts = new Uint8Array(this.verdicts.length * 2);
    verdicts.set(this.verdicts);
    this.verdicts = verdicts;
    const transitions = new Int32Array(this.transitions.length * 2).fill(unexplored);
    transitions.set(this.transitions);
    this.transitions = transitions;
  }
}
