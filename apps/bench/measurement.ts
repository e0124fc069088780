/** What one bench found: an object of `--json`, and a row of the table. Null: a field that has no meaning there. */
export interface Measurement {
  readonly name: string;
  readonly numbers: number | null;
  readonly seconds: number | null;
  /** Of the floor, in the same run on the same server. */
  readonly floor_seconds: number | null;
  readonly ratio: number | null;
  readonly rate_per_s: number | null;
  /** By process. Empty where the system does not tell. */
  readonly peak_rss_mb: Readonly<Record<string, number>>;
  /** What the issue asks for, in words. */
  readonly bar: string;
  readonly ok: boolean;
}

/** The middle one; of an even number the mean of the two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new RangeError('a median of nothing');
  return (lower + upper) / 2;
}

/** A bar that is a ratio to the floor: `≤ 3 × the floor`. */
export function atMost(
  ratio: number,
  bar: number,
  floor = 'the floor',
): Pick<Measurement, 'bar' | 'ok'> {
  return { bar: `≤ ${bar} × ${floor}`, ok: ratio <= bar };
}

/** What took `seconds`, against its floor. */
export function againstFloor(
  taken: Pick<Measurement, 'name' | 'peak_rss_mb'> &
    Readonly<Record<'numbers' | 'seconds' | 'floor_seconds', number>>,
  bar: number,
): Measurement {
  const { numbers, seconds, floor_seconds } = taken;
  const ratio = seconds / floor_seconds;
  return { ...taken, ratio, rate_per_s: numbers / seconds, ...atMost(ratio, bar) };
}

/** To three digits: more would be noise, and nobody reads it. */
export function rounded(measurement: Measurement): Measurement {
  const round = (value: number | null) => (value === null ? null : Number(value.toPrecision(3)));
  return {
    ...measurement,
    seconds: round(measurement.seconds),
    floor_seconds: round(measurement.floor_seconds),
    ratio: round(measurement.ratio),
    rate_per_s: round(measurement.rate_per_s),
  };
}

/** The run in the middle by its ratio, where each run gave the same measurements: what is told of several runs. */
export function middleRun(
  runs: readonly (readonly Measurement[])[],
): readonly { readonly measurement: Measurement; readonly spread: string }[] {
  return (runs[0] ?? []).map((_, index) => {
    const same = runs
      .map((run) => run[index])
      .filter((each) => each !== undefined)
      .toSorted((a, b) => orderOf(a) - orderOf(b));
    const measurement = same[Math.floor((same.length - 1) / 2)];
    const least = same[0];
    const most = same.at(-1);
    if (!measurement || !least || !most) throw new RangeError('no run');
    const spread =
      same.length === 1
        ? ''
        : `${orderOf(least).toPrecision(3)} to ${orderOf(most).toPrecision(3)} in ${same.length} runs`;
    return { measurement, spread };
  });
}

function orderOf({ ratio, rate_per_s, seconds }: Measurement): number {
  return ratio ?? rate_per_s ?? seconds ?? 0;
}
