export { createLogger, type Logger, type LoggerOptions } from './create-logger.ts';
export { type DescribedError, describeError } from './describe-error.ts';
export { type EventName, eventMeanings } from './events.ts';
export type { LogLevel } from './line-writer.ts';
export type { LogFields } from './log-fields.ts';
export { scrub } from './scrub.ts';
