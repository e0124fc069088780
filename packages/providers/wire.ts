import type { Account } from '@rollcall/domain';

/** One provider on the other side of a real socket, as the conformance suite drives it. */
export interface Wire {
  /** An account that points at it, and the key that it takes. */
  readonly account: Account;
  readonly key: string;
  /** Changes how the next request of an operation is answered; without one it is answered as the pages say. */
  bend(operation: WireOperation, bend: Bend): Promise<void>;
  /** How many requests of an operation came in so far. */
  count(operation: WireOperation): Promise<number>;
  close(): Promise<void>;
}

export type WireOperation = 'create' | 'status' | 'file';

/** The names are those of the simulator's scripted faults, so that they can be posted as they are. */
export type Bend =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly text: string;
      readonly content_type: string;
      readonly headers?: Readonly<Record<string, string>>;
      /** Answers before the upload is read; with `then_reset` the connection is reset behind the answer. */
      readonly before_body?: boolean;
      readonly then_reset?: boolean;
    }
  | { readonly kind: 'reset_before_body' }
  /** Takes the request, then resets without an answer. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'never_answer' }
  /** The whole head, none of the body, and a reset. */
  | { readonly kind: 'reset_after_headers'; readonly status: number }
  /** Half of the body that the Content-Length promises. */
  | { readonly kind: 'cut_body' }
  | { readonly kind: 'slow_body'; readonly bytes_per_second: number }
  /** The body, then spaces for ever. */
  | { readonly kind: 'endless_body' };

/** An account for tests: short deadlines, plain http allowed. */
export function testAccount(
  overrides: Pick<Account, 'adapter' | 'baseUrl'> & Partial<Account>,
): Account {
  return {
    id: `test-${overrides.adapter}`,
    currency: 'USD',
    operatedBy: 'default',
    checks: {},
    pace: { requestsPerSecond: 100, uploadsInFlight: 10 },
    poll: { floor_ms: 10, ceiling_ms: 100, deadline_ms: 60_000 },
    upload_deadline_ms: 20_000,
    download_deadline_ms: 20_000,
    maxResultBytes: 16 * 1024 * 1024,
    resultHosts: [],
    allowInsecure: true,
    canary: 'off',
    semanticsConfirmed: true,
    dailyCap: null,
    monthlyCap: null,
    pathPrefix: overrides.adapter === 'simple-tasks' ? '/fb/api/simple' : null,
    userId: null,
    ...overrides,
  };
}
