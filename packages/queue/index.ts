export type { Consumer, DoorbellHandler } from './consumer.ts';
export type { Doorbell, DoorbellOf, Stage } from './doorbell.ts';
export { openQueues, type Queues, type QueuesOptions } from './open-queues.ts';
export type { OnQueueEvent, QueueEvent } from './queue-event.ts';
export type { Rung } from './ring.ts';
