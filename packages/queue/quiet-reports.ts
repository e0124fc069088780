import type { OnQueueEvent } from './queue-event.ts';

/** A server that is down makes every connection complain several times a second. */
const quiet_ms = 5_000;

export type ReportBackendError = (queue: string | null, error: unknown) => void;

/** Lets one `backend` event per queue through in five seconds and counts what it kept back. */
export function quietReports(onEvent: OnQueueEvent): ReportBackendError {
  const sources = new Map<string | null, { quietUntil_ms: number; suppressed: number }>();
  return (queue, error) => {
    const now_ms = performance.now();
    const source = sources.get(queue) ?? { quietUntil_ms: 0, suppressed: 0 };
    sources.set(queue, source);
    if (now_ms < source.quietUntil_ms) {
      source.suppressed += 1;
      return;
    }
    const { suppressed } = source;
    source.quietUntil_ms = now_ms + quiet_ms;
    source.suppressed = 0;
    onEvent({ kind: 'backend', queue, error, suppressed });
  };
}
