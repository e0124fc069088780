import { noTracing, type Tracing } from './tracing.ts';

/** Traces to a collector, or none where `endpoint` is null: then nothing of OpenTelemetry is even loaded. */
export async function openTracing(
  endpoint: string | null,
  service: 'rollcall-api' | 'rollcall-worker',
): Promise<Tracing> {
  if (endpoint === null) return noTracing;
  const { openOtlpTracing } = await import('./otlp-tracing.ts');
  return openOtlpTracing(endpoint, service);
}
