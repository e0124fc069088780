import type { Counter, Gauge, Histogram } from 'prom-client';
import { eventMeanings } from './events.ts';
import { type MetricDefinition, metricCatalogue } from './metric-catalogue.ts';
import type { Metrics } from './metrics.ts';

/** From a cached status call to a result of 512 MiB; an upload ends within 20 s. */
const bucketsSeconds = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60, 300];

type Instrument =
  | { readonly type: 'counter'; readonly it: Counter }
  | { readonly type: 'gauge'; readonly it: Gauge }
  | { readonly type: 'histogram'; readonly it: Histogram };

/**
 * Makes the metrics of the catalogue that this kind of process has, and, once a process, those of Node itself (heap, event
 * loop lag, resident memory). prom-client is loaded here and not before: it takes about 60 ms, which a command that nobody
 * scrapes need not pay.
 */
export async function openMetrics(
  kind: 'api' | 'worker',
  { ofProcess }: { readonly ofProcess: boolean },
): Promise<Metrics> {
  const prometheus = await import('prom-client');
  const registry = new prometheus.Registry();
  if (ofProcess) prometheus.collectDefaultMetrics({ register: registry });
  const instruments = new Map<string, Instrument>();
  for (const [name, definition] of Object.entries<MetricDefinition>(metricCatalogue)) {
    if (!has(kind, definition.source)) continue;
    const options = {
      name,
      help: definition.meaning,
      labelNames: [...definition.labels],
      registers: [registry],
    };
    switch (definition.type) {
      case 'counter':
        instruments.set(name, { type: 'counter', it: new prometheus.Counter(options) });
        break;
      case 'gauge':
        instruments.set(name, { type: 'gauge', it: new prometheus.Gauge(options) });
        break;
      case 'histogram': {
        const it = new prometheus.Histogram({ ...options, buckets: bucketsSeconds });
        instruments.set(name, { type: 'histogram', it });
        break;
      }
    }
  }

  // An alert on something rare sees a rise from 0 to 1, and none from nothing to 1.
  const events = instruments.get('rollcall_events_total');
  if (events?.type === 'counter') {
    for (const event of Object.keys(eventMeanings)) events.it.inc({ event }, 0);
  }

  return {
    count(name, labels, by = 1) {
      const instrument = instruments.get(name);
      if (instrument?.type === 'counter' && by > 0) instrument.it.inc(labels, by);
    },
    observe(name, labels, duration_ms) {
      const instrument = instruments.get(name);
      if (instrument?.type === 'histogram') instrument.it.observe(labels, duration_ms / 1_000);
    },
    replace(name, series) {
      const instrument = instruments.get(name);
      if (instrument === undefined || instrument.type === 'histogram') return;
      instrument.it.reset();
      // `reset` leaves a metric without labels at 0, where it should say nothing.
      instrument.it.remove({});
      for (const { labels, value } of series) instrument.it.inc(labels, value);
    },
    async read() {
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

function has(kind: 'api' | 'worker', source: MetricDefinition['source']): boolean {
  if (source === 'both' || source === kind) return true;
  return kind === 'api' && (source === 'database' || source === 'queue');
}
