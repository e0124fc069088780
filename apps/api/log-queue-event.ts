import type { QueueEvent } from '@rollcall/queue';
import { describeError, type Logger } from '@rollcall/telemetry';

/** Writes down what the queue tells. This process only rings and looks: events of consumers do not occur here. */
export function logQueueEvent(log: Logger, event: QueueEvent): void {
  const queue = 'queue' in event ? (event.queue ?? undefined) : undefined;
  const error = 'error' in event ? describeError(event.error) : {};
  switch (event.kind) {
    case 'refused':
      return log.error('queue.refused', error);
    case 'ring':
      return log.warn('queue.error', { queue, counts: { failed: event.failed }, ...error });
    default:
      return log.warn('queue.error', { queue, reason: event.kind, ...error });
  }
}
