/** Money is counted in whole micros (a millionth of the currency unit), so that sums over millions of charges stay exact. */
export const microsPerUnit = 1_000_000;

/** Turns an amount in currency units (`0.0005`) into whole micros (`500`). */
export function toMicros(amount: number): number {
  return Math.round(amount * microsPerUnit);
}

/** Turns whole micros back into currency units, as the providers' JSON shows them. */
export function fromMicros(micros: number): number {
  return micros / microsPerUnit;
}
