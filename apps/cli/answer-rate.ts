interface Seen {
  readonly at_ms: number;
  readonly answered: number;
}

/** Answers come in by the chunk, so the pace of the last second says nothing. */
const window_ms = 60_000;

/** Numbers answered per second over the last minute; null until two looks tell a difference. */
export class AnswerRate {
  #seen: Seen[] = [];

  see(answered: number, at_ms: number): void {
    this.#seen.push({ at_ms, answered });
    // The oldest look stays, so that there is always something to compare with.
    while ((this.#seen[1]?.at_ms ?? at_ms) < at_ms - window_ms) this.#seen.shift();
  }

  perSecond(): number | null {
    const first = this.#seen[0];
    const last = this.#seen.at(-1);
    if (!first || !last || last.at_ms <= first.at_ms || last.answered <= first.answered)
      return null;
    return ((last.answered - first.answered) * 1_000) / (last.at_ms - first.at_ms);
  }
}
