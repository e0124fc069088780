import { idPrefixes } from '@rollcall/domain';
import { scrub, scrubNumber } from './scrub.ts';

/** Everything that a log line may say besides its event. Ids are the public, prefixed ones. */
export interface LogFields {
  readonly job?: string | undefined;
  readonly chunk?: string | undefined;
  readonly attempt?: string | undefined;
  readonly artifact?: string | undefined;
  /** The provider's own name of what it took; with it a person can adopt an upload whose answer was lost. */
  readonly task?: string | undefined;
  readonly approval?: string | undefined;
  readonly replay?: string | undefined;
  readonly erasure?: string | undefined;
  /** The id of an API key, never the key. */
  readonly api_key?: string | undefined;
  /** The id that a request was given. */
  readonly request?: string | undefined;
  /** The W3C id of the trace, as the collector shows it. Set by the logger itself. */
  readonly trace_id?: string | undefined;

  readonly account?: string | undefined;
  readonly check?: string | undefined;
  readonly adapter?: string | undefined;
  readonly stage?: string | undefined;
  readonly queue?: string | undefined;
  /** `postgres` or `redis` */
  readonly backend?: string | undefined;
  readonly state_from?: string | undefined;
  readonly state_to?: string | undefined;
  /** A stable word of ours: `no_answer`, `provider_balance`, `artifact`. */
  readonly reason?: string | undefined;
  readonly decision?: string | undefined;
  /** A status word that a provider used and we do not know. */
  readonly status_word?: string | undefined;

  readonly method?: string | undefined;
  /** The route's pattern, `/v1/jobs/:id`, never the URL. */
  readonly route?: string | undefined;
  readonly status_code?: number | undefined;
  readonly port?: number | undefined;

  /** By name, `{ numbers: 20000, rejects: 3 }`; what is too large to be a count of ours is masked. */
  readonly counts?: Readonly<Record<string, number>> | undefined;
  readonly bytes?: number | undefined;
  readonly fence?: number | undefined;
  readonly duration_ms?: number | undefined;
  readonly wait_ms?: number | undefined;

  /** From `describeError`. */
  readonly error_code?: string | undefined;
  readonly error_class?: string | undefined;
  readonly error_message?: string | undefined;
  readonly error_stack?: string | undefined;
}

type FieldKind = 'id' | 'trace' | 'word' | 'text' | 'number' | 'counts';

const fieldKinds = {
  job: 'id',
  chunk: 'id',
  attempt: 'id',
  artifact: 'id',
  task: 'word',
  approval: 'id',
  replay: 'id',
  erasure: 'id',
  api_key: 'id',
  request: 'word',
  trace_id: 'trace',
  account: 'word',
  check: 'word',
  adapter: 'word',
  stage: 'word',
  queue: 'word',
  backend: 'word',
  state_from: 'word',
  state_to: 'word',
  reason: 'word',
  decision: 'word',
  status_word: 'word',
  method: 'word',
  route: 'word',
  status_code: 'number',
  port: 'number',
  counts: 'counts',
  bytes: 'number',
  fence: 'number',
  duration_ms: 'number',
  wait_ms: 'number',
  error_code: 'word',
  error_class: 'word',
  error_message: 'text',
  error_stack: 'text',
} as const satisfies Record<keyof LogFields, FieldKind>;

/** `key_` ids of API keys may be shorter than the rest, which end in a UUID. */
const idShape = new RegExp(
  `^(?:(?:${Object.values(idPrefixes).join('|')})_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|key_[A-Za-z0-9]{1,24})$`,
);
/** W3C Trace Context. Random, and never a text from outside: the one value that no net beneath looks into. */
export const traceIdShape = /^[0-9a-f]{32}$/;
const countNameShape = /^[a-z][A-Za-z_]{0,39}$/;
const wordLengthMax = 120;
const textLengthMax = 2_000;
const masked = '[masked]';

/** Takes the fields that are on the list, each in the shape that its kind allows; anything else does not get in. */
export function allowedFields(fields: LogFields): Record<string, unknown> {
  const given: Record<string, unknown> = { ...fields };
  const allowed: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries(fieldKinds)) {
    const value = given[name];
    if (value !== undefined && value !== null) allowed[name] = allowedValue(kind, value);
  }
  return allowed;
}

function allowedValue(kind: FieldKind, value: unknown): unknown {
  switch (kind) {
    case 'id':
      return typeof value === 'string' && idShape.test(value) ? value : masked;
    case 'trace':
      return typeof value === 'string' && traceIdShape.test(value) ? value : masked;
    case 'word':
      return typeof value === 'string' ? cut(scrub(value), wordLengthMax) : masked;
    case 'text':
      return typeof value === 'string' ? cut(scrub(value), textLengthMax) : masked;
    case 'number':
      return typeof value === 'number' ? scrubNumber(value) : masked;
    case 'counts':
      return allowedCounts(value);
  }
}

function allowedCounts(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return masked;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => countNameShape.test(name))
      .map(([name, count]) => [name, typeof count === 'number' ? scrubNumber(count) : masked]),
  );
}

/** Cut after scrubbing: half a number at the end of a text would no longer look like one. */
function cut(text: string, lengthMax: number): string {
  return text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text;
}
