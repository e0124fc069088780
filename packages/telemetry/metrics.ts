import type { LabelsOf, MetricOf } from './metric-catalogue.ts';

/** One value of a metric that is read as a whole. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * What a process counts. Calls are a few map look-ups (2 to 4 µs on a busy machine), meant once a batch, a request or an upload, never
 * once a phone number.
 */
export interface Metrics {
  count<Name extends MetricOf<'counter'>>(name: Name, labels: LabelsOf<Name>, by?: number): void;
  observe<Name extends MetricOf<'histogram'>>(
    name: Name,
    labels: LabelsOf<Name>,
    duration_ms: number,
  ): void;
  /** Puts what was read elsewhere in the place of all that the metric said before; what is absent is gone. */
  replace(name: MetricOf<'counter' | 'gauge'>, series: readonly Series[]): void;
  /** All of it in Prometheus' text format. */
  read(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Where nobody scrapes: counts nothing and costs nothing. */
export const noMetrics: Metrics = {
  count: () => undefined,
  observe: () => undefined,
  replace: () => undefined,
  read: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: '' }),
};
