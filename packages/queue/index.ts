export type { Consumer, DoorbellHandler } from './consumer.ts';
export { type Doorbell, type DoorbellOf, parseDoorbell, type Stage, stages } from './doorbell.ts';
export { openQueues, type Queues, type QueuesOptions } from './open-queues.ts';
export { postgresQueueSchema } from './postgres-backend.ts';
export { QueueDatabaseUnreachable, RedisCannotBeAsked, RedisEvicts } from './queue-errors.ts';
export type { OnQueueEvent, QueueEvent } from './queue-event.ts';
export { queueName } from './queue-name.ts';
export type { Rung } from './ring.ts';
