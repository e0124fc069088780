/** No count of ours reaches this (a job has at most 10,000,000 numbers); nearly every phone number is larger. */
const countMax = 1_000_000_000;

/** Keeps of a handler's answer only what is a count: BullMQ stores it and the dashboard shows it. */
export function countsOf(answer: Readonly<Record<string, unknown>>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [name, value] of Object.entries(answer)) {
    const isCount = typeof value === 'number' && Number.isFinite(value) && value >= 0;
    if (isCount && value <= countMax && /^[a-z][a-zA-Z_]{0,39}$/.test(name)) counts[name] = value;
  }
  return counts;
}
