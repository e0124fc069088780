/** What a span may say: ids of ours, accounts, stages, counts. Texts are scrubbed all the same. */
export interface SpanFields {
  readonly job?: string | undefined;
  readonly chunk?: string | undefined;
  readonly attempt?: string | undefined;
  readonly account?: string | undefined;
  readonly stage?: string | undefined;
  readonly operation?: string | undefined;
  readonly result?: string | undefined;
  readonly method?: string | undefined;
  /** The route's pattern, never the URL. */
  readonly route?: string | undefined;
  readonly status_code?: number | undefined;
  readonly error_code?: string | undefined;
  readonly counts?: Readonly<Record<string, number>> | undefined;
}

export interface SpanStart {
  readonly name: string;
  readonly kind: 'server' | 'consumer' | 'client' | 'internal';
  readonly fields: SpanFields;
  /** W3C `traceparent` of what it belongs to; without it, of the span that is running, or a trace of its own. */
  readonly parent?: string | null | undefined;
}

/** A span that has begun. `end` is to be called once, whatever happened. */
export interface OpenSpan {
  /** Calls `work`; what that logs and traces belongs to this span. */
  run<T>(work: () => T): T;
  end(failed: boolean, fields?: SpanFields): void;
}

export interface Tracing {
  /** False: nobody collects, and what only a trace needs need not be looked up. */
  readonly enabled: boolean;
  begin(start: SpanStart): OpenSpan;
  /** A span of something that has just ended, such as an exchange that was observed from outside. */
  ended(start: SpanStart, duration_ms: number, failed: boolean): void;
  /** Of the span that is running. */
  traceId(): string | null;
  traceparent(): string | null;
  /** Sends what is left, for two seconds at most. */
  close(): Promise<void>;
}

const noSpan: OpenSpan = { run: (work) => work(), end: () => undefined };

/** Where no collector is given: nothing is loaded, and a span is a call that does nothing. */
export const noTracing: Tracing = {
  enabled: false,
  begin: () => noSpan,
  ended: () => undefined,
  traceId: () => null,
  traceparent: () => null,
  close: () => Promise.resolve(),
};
