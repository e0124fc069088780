import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Attributes,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { scrub, scrubNumber } from './scrub.ts';
import { parseTraceparent } from './traceparent.ts';
import type { OpenSpan, SpanFields, SpanStart, Tracing } from './tracing.ts';

// Loaded only where a collector is given (see open-tracing.ts): the SDK takes about 200 ms and 15 MB.

const goodbye_ms = 2_000;
const wordLengthMax = 120;
const kinds = {
  server: SpanKind.SERVER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
} as const;

/**
 * Sends spans over OTLP to `<endpoint>/v1/traces`, in batches, off the path of the work: a collector that is away costs
 * dropped spans and nothing else. What is around a span is kept by ourselves and not in OpenTelemetry's global context, so
 * nothing else in the process can trace by the way, and no header goes to a provider.
 */
export function openOtlpTracing(endpoint: string, service: string): Tracing {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.namespace': 'rollcall' }),
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` }),
        scheduledDelayMillis: 1_000,
        exportTimeoutMillis: 5_000,
      }),
    ],
  });
  const tracer = provider.getTracer('rollcall');
  const running = new AsyncLocalStorage<Span>();

  const startSpan = (start: SpanStart, startTime?: number): Span => {
    const around = running.getStore();
    const parent = start.parent ? parseTraceparent(start.parent) : null;
    const context =
      parent !== null
        ? trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true })
        : around
          ? trace.setSpan(ROOT_CONTEXT, around)
          : ROOT_CONTEXT;
    // A span whose parent is another than the one around it says where it was seen.
    const links = parent !== null && around ? [{ context: around.spanContext() }] : [];
    return tracer.startSpan(
      scrub(start.name),
      {
        kind: kinds[start.kind],
        attributes: attributesOf(start.fields),
        links,
        ...(startTime === undefined ? {} : { startTime }),
      },
      context,
    );
  };
  const endSpan = (span: Span, failed: boolean, fields: SpanFields = {}): void => {
    span.setAttributes(attributesOf(fields));
    if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  };

  return {
    enabled: true,
    begin(start): OpenSpan {
      const span = startSpan(start);
      return {
        run: (work) => running.run(span, work),
        end: (failed, fields) => endSpan(span, failed, fields),
      };
    },
    ended: (start, duration_ms, failed) =>
      endSpan(startSpan(start, Date.now() - duration_ms), failed),
    traceId: () => running.getStore()?.spanContext().traceId ?? null,
    traceparent() {
      const context = running.getStore()?.spanContext();
      if (!context) return null;
      const sampled = (context.traceFlags & TraceFlags.SAMPLED) !== 0;
      return `00-${context.traceId}-${context.spanId}-${sampled ? '01' : '00'}`;
    },
    async close() {
      const given = new AbortController();
      const late = delay(goodbye_ms, undefined, { signal: given.signal }).catch(() => undefined);
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
      given.abort();
    },
  };
}

/** OpenTelemetry's own names where it has one. */
const attributeNames = {
  job: 'rollcall.job',
  chunk: 'rollcall.chunk',
  attempt: 'rollcall.attempt',
  account: 'rollcall.account',
  stage: 'rollcall.stage',
  operation: 'rollcall.operation',
  result: 'rollcall.result',
  method: 'http.request.method',
  route: 'http.route',
  status_code: 'http.response.status_code',
  error_code: 'error.type',
} as const satisfies Record<Exclude<keyof SpanFields, 'counts'>, string>;

/** Only what is on the list, each text scrubbed as in the log. */
function attributesOf({ counts, ...fields }: SpanFields): Attributes {
  const given: Record<string, string | number | undefined> = fields;
  const attributes: Attributes = {};
  for (const [name, attribute] of Object.entries(attributeNames)) {
    const value = given[name];
    if (typeof value === 'string') attributes[attribute] = scrub(value).slice(0, wordLengthMax);
    if (typeof value === 'number') attributes[attribute] = scrubNumber(value);
  }
  for (const [name, count] of Object.entries(counts ?? {})) {
    if (/^[a-z][A-Za-z_]{0,39}$/.test(name)) {
      attributes[`rollcall.counts.${name}`] = scrubNumber(count);
    }
  }
  return attributes;
}
