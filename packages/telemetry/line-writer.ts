import {
  type DestinationStream,
  destination as fileDescriptor,
  pino,
  stdTimeFunctions,
} from 'pino';
import { traceIdShape } from './log-fields.ts';
import { scrub, scrubNumber } from './scrub.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LineWriterOptions {
  readonly name: string;
  readonly level: LogLevel;
  readonly destination: DestinationStream | undefined;
}

/** Fields that hold a secret or a person's data wherever they stand; no field of ours has these names. */
const redacted = ['authorization', 'x-api-key', 'password', 'secret', 'token', 'number', 'phone']
  .map((name) => `["${name}"]`)
  .flatMap((path) => [path, `*${path}`, `*.*${path}`]);

/**
 * The pino under the logger, with nets of its own: whatever a call gives it, fields or text, is scrubbed and its secret
 * fields are censored. (Not so the bindings of a pino child; the logger makes no children.) Lines are JSON with an ISO
 * time, and without process id and host name, which the platform adds.
 */
export function createLineWriter({ name, level, destination }: LineWriterOptions) {
  return pino(
    {
      name,
      level,
      base: { name },
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
      },
      hooks: {
        logMethod(args, method) {
          method.apply(this, args.map((arg: unknown) => scrubbed(arg, 0)) as typeof args);
        },
      },
      redact: { paths: redacted, censor: '[masked]' },
    },
    // Written at once: the last lines before a crash are the ones that matter.
    destination ?? fileDescriptor({ dest: 1, sync: true }),
  );
}

const depthMax = 4;

function scrubbed(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrub(value);
  if (typeof value === 'number' || typeof value === 'bigint') return scrubNumber(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= depthMax) return '[deep]';
  if (value instanceof Error) return { error_class: value.constructor.name };
  if (Array.isArray(value)) return value.map((each: unknown) => scrubbed(each, depth + 1));
  return scrubbedFields({ ...value }, depth);
}

function scrubbedFields(fields: Record<string, unknown>, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      scrub(name),
      name === 'trace_id' && typeof value === 'string' && traceIdShape.test(value)
        ? value
        : scrubbed(value, depth + 1),
    ]),
  );
}
