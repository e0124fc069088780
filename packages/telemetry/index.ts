export { createLogger, type Logger, type LoggerOptions } from './create-logger.ts';
export { type DescribedError, describeError } from './describe-error.ts';
export { endOnCrash } from './end-on-crash.ts';
export { type EventName, eventMeanings } from './events.ts';
export { NumberFinder } from './find-numbers.ts';
export type { LogLevel } from './line-writer.ts';
export type { LogFields } from './log-fields.ts';
export {
  type LabelsOf,
  metricCatalogue,
  type MetricDefinition,
  type MetricName,
} from './metric-catalogue.ts';
export { type Metrics, noMetrics, type Series } from './metrics.ts';
export { openMetrics } from './open-metrics.ts';
export { openTracing } from './open-tracing.ts';
export { scrub, scrubNumber } from './scrub.ts';
export { parseTraceparent } from './traceparent.ts';
export { noTracing, type OpenSpan, type SpanFields, type Tracing } from './tracing.ts';
