/** How far the work on a task is. */
export interface Progress {
  phase: 'pending' | 'processing' | 'processed';
  /** Numbers looked at so far; it grows evenly with time. */
  done: number;
  /** When the phase last moved, for `updated_at`. */
  updatedAtMs: number;
}

/** Processing takes `baseMs + perNumberMs × total` from `paidAtMs`; the first tenth of that is spent in the queue. */
export function progressOf(facts: {
  total: number;
  paidAtMs: number;
  nowMs: number;
  baseMs: number;
  perNumberMs: number;
}): Progress {
  const durationMs = facts.baseMs + facts.perNumberMs * facts.total;
  const queuedMs = durationMs / 10;
  const elapsedMs = facts.nowMs - facts.paidAtMs;
  if (elapsedMs >= durationMs) {
    return { phase: 'processed', done: facts.total, updatedAtMs: facts.paidAtMs + durationMs };
  }
  if (elapsedMs < queuedMs) return { phase: 'pending', done: 0, updatedAtMs: facts.paidAtMs };
  const share = (elapsedMs - queuedMs) / (durationMs - queuedMs);
  return {
    phase: 'processing',
    done: Math.floor(share * facts.total),
    updatedAtMs: facts.nowMs,
  };
}
