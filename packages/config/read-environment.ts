import { type CrashPlan, readCrashPlan } from '@rollcall/crash-points';
import { type Environment, readVariable } from './environment-variable.ts';
import { readSuppressionSecrets } from './read-suppression-secrets.ts';

export const stageNames = ['plan', 'submit', 'poll', 'ingest'] as const;
export type StageName = (typeof stageNames)[number];

const hostShape = /^[A-Za-z0-9.:-]+$/;
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

/** What a process is told from outside. Durations in milliseconds, sizes in bytes. */
export interface Configuration {
  readonly databaseUrl: string;
  /** Connections that one process opens to Postgres at most. */
  readonly databaseConnections: number;
  /** Null: the queue runs on Postgres. */
  readonly redisUrl: string | null;
  /** In front of every queue name, so that installations can share a Redis or a database. */
  readonly queuePrefix: string;
  readonly accountsFile: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly logLevel: (typeof logLevels)[number];
  /** Which stages a worker runs. */
  readonly stages: readonly StageName[];
  readonly intake: {
    readonly maxLines: number;
    readonly maxLineBytes: number;
    readonly maxBytes: number;
  };
  /** How uploads are to come to one process of the API. */
  readonly uploads: {
    readonly timeout_ms: number;
    readonly silence_ms: number;
    readonly slowAfter_ms: number;
    /** 0: at any pace. */
    readonly bytesPerSecondMin: number;
    readonly atOnceMax: number;
    readonly atOncePerKeyMax: number;
  };
  /** Requests that one process of the API answers in a minute before it says 429. */
  readonly requestsPerMinute: { readonly perKeyMax: number; readonly perAddressMax: number };
  /** How long a claim holds without a heartbeat. A submit is held after it, poll and ingest are taken over (P4). */
  readonly lease_ms: number;
  readonly heartbeat_ms: number;
  /** How often due work is rung again; with the lease it stays within P4's 60 s. */
  readonly rescueInterval_ms: number;
  readonly pruneInterval_ms: number;
  /** How many months of a job's day its numbers and results are kept, and its upload and result files; and how many the audit trail. */
  readonly retention_months: {
    readonly rows: number;
    readonly files: number;
    readonly audit: number;
  };
  /** How long a stop waits for work in hand before the process ends; P13 allows 30 s. */
  readonly stopDeadline_ms: number;
  /** A worker that is alive and processes nothing of what is due ends itself after so long. */
  readonly watchdog_ms: number;
  /** Where a worker answers /metrics, /healthz and /readyz; null: nowhere. The API answers /metrics on its own port. */
  readonly metrics: { readonly host: string; readonly port: number } | null;
  /** Base URL of an OpenTelemetry collector that takes OTLP over HTTP; null: no traces. */
  readonly tracesEndpoint: string | null;
  /** Under which numbers are digested for the suppression list, the current one first; none: there is no such list. */
  readonly suppressionSecrets: readonly { readonly id: string; readonly secret: string }[];
  /** Where this process is to kill itself, for tests of what comes after; null: nowhere. */
  readonly crashAt: CrashPlan | null;
}

export type EnvironmentRead =
  | { readonly ok: true; readonly config: Configuration }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Reads the environment; each variable may also be given as `<NAME>_FILE`. Every problem is named at once, as
 * `NAME: what is wrong; what to do`, without the value, which may be a secret. `overrides` are flags of the command line.
 */
export function readEnvironment(
  env: Environment = process.env,
  overrides: { readonly stages?: string | undefined } = {},
): EnvironmentRead {
  const problems: string[] = [];

  const text = (name: string): string | null => {
    const read = readVariable(name, env);
    if (read.ok) return read.value;
    problems.push(read.problem);
    return null;
  };
  const required = (name: string, advice: string): string => {
    const before = problems.length;
    const value = text(name);
    if (value === null && problems.length === before) {
      problems.push(`${name}: is not set; ${advice}`);
    }
    return value ?? '';
  };
  const matching = (name: string, fallback: string, shape: RegExp, advice: string): string => {
    const value = text(name) ?? fallback;
    if (!shape.test(value)) problems.push(`${name}: ${advice}`);
    return value;
  };
  const url = (name: string, value: string, schemes: readonly string[]) => {
    if (value !== '' && !schemes.includes(URL.parse(value)?.protocol ?? '')) {
      problems.push(
        `${name}: is not a URL that starts with ${schemes.join('// or ')}//; correct it`,
      );
    }
  };
  const whole = (name: string, fallback: number, min: number, max: number): number => {
    const value = text(name) ?? String(fallback);
    const number = Number(value);
    if (/^\d{1,15}$/.test(value) && number >= min && number <= max) return number;
    problems.push(`${name}: write a whole number from ${min} to ${max}`);
    return fallback;
  };
  const duration = (name: string, fallback_ms: number) => whole(name, fallback_ms, 10, 86_400_000);

  const databaseUrl = required('DATABASE_URL', 'write postgres://user:password@host/database');
  url('DATABASE_URL', databaseUrl, ['postgres:', 'postgresql:']);
  const redisUrl = text('REDIS_URL');
  url('REDIS_URL', redisUrl ?? '', ['redis:', 'rediss:']);
  const stages = (overrides.stages ?? text('ROLLCALL_STAGES') ?? stageNames.join(','))
    .split(',')
    .map((s) => s.trim());
  const knownStages = stageNames.filter((stage) => stages.includes(stage));
  if (knownStages.length !== stages.length) {
    problems.push(`ROLLCALL_STAGES: write some of ${stageNames.join(',')}, each once`);
  }
  const level = text('ROLLCALL_LOG_LEVEL') ?? 'info';
  const logLevel = logLevels.find((known) => known === level);
  if (logLevel === undefined) {
    problems.push(`ROLLCALL_LOG_LEVEL: write one of ${logLevels.join(', ')}`);
  }

  const tracesEndpoint = text('OTEL_EXPORTER_OTLP_ENDPOINT');
  url('OTEL_EXPORTER_OTLP_ENDPOINT', tracesEndpoint ?? '', ['http:', 'https:']);
  const metricsHost = matching(
    'ROLLCALL_METRICS_HOST',
    '127.0.0.1',
    hostShape,
    'write a host or address',
  );
  const metricsPort =
    text('ROLLCALL_METRICS_PORT') === null ? null : whole('ROLLCALL_METRICS_PORT', 0, 0, 65_535);

  const crashText = text('ROLLCALL_CRASH_AT');
  const crashAt = crashText === null ? null : readCrashPlan(crashText);
  if (crashText !== null && crashAt === null) {
    problems.push(
      'ROLLCALL_CRASH_AT: write a crash point and, if not the first passing of it counts, #n, and #stop to be stopped there; or unset it, as everywhere but in a test',
    );
  }

  const secrets = readSuppressionSecrets(text('ROLLCALL_SUPPRESSION_SECRETS'));
  if (!secrets.ok) problems.push(`ROLLCALL_SUPPRESSION_SECRETS: ${secrets.problem}`);

  const config: Configuration = {
    databaseUrl,
    databaseConnections: whole('ROLLCALL_DATABASE_CONNECTIONS', 10, 2, 500),
    redisUrl,
    queuePrefix: matching(
      'ROLLCALL_QUEUE_PREFIX',
      'rollcall',
      /^[a-z][a-z0-9_-]{0,31}$/,
      'write up to 32 lower-case letters, digits, _ and -',
    ),
    accountsFile: required(
      'ROLLCALL_ACCOUNTS_FILE',
      'write the path of a copy of packages/config/accounts.yaml',
    ),
    host: matching('ROLLCALL_HOST', '127.0.0.1', hostShape, 'write a host or address'),
    port: whole('ROLLCALL_PORT', 8080, 0, 65_535),
    logLevel: logLevel ?? 'info',
    stages: knownStages,
    intake: {
      maxLines: whole('ROLLCALL_INTAKE_MAX_LINES', 10_000_000, 1, 100_000_000),
      // A record that goes on is scanned again with each 16 KiB, so its cost grows with the square of its length.
      maxLineBytes: whole('ROLLCALL_INTAKE_MAX_LINE_BYTES', 65_536, 64, 1_048_576),
      maxBytes: whole('ROLLCALL_INTAKE_MAX_BYTES', 1_073_741_824, 1_024, 68_719_476_736),
    },
    uploads: {
      // 1 GiB over 2.5 Mbit/s.
      timeout_ms: duration('ROLLCALL_UPLOAD_TIMEOUT_MS', 3_600_000),
      silence_ms: duration('ROLLCALL_UPLOAD_SILENCE_MS', 60_000),
      slowAfter_ms: duration('ROLLCALL_UPLOAD_SLOW_AFTER_MS', 30_000),
      bytesPerSecondMin: whole('ROLLCALL_UPLOAD_MIN_BYTES_PER_SECOND', 1_024, 0, 1_073_741_824),
      // At up to 60 MB each, so that a burst of large uploads stays below 1 GB.
      atOnceMax: whole('ROLLCALL_UPLOADS_AT_ONCE', 16, 1, 10_000),
      // A tenant has half of them, so that none keeps the others waiting; a key may take all of its tenant's, since most have one that sends.
      atOncePerKeyMax: whole('ROLLCALL_UPLOADS_AT_ONCE_PER_KEY', 8, 1, 10_000),
    },
    requestsPerMinute: {
      perKeyMax: whole('ROLLCALL_REQUESTS_PER_MINUTE_PER_KEY', 6_000, 1, 100_000_000),
      // Those without a valid key.
      perAddressMax: whole('ROLLCALL_REQUESTS_PER_MINUTE_PER_ADDRESS', 600, 1, 100_000_000),
    },
    lease_ms: duration('ROLLCALL_LEASE_MS', 40_000),
    heartbeat_ms: duration('ROLLCALL_HEARTBEAT_MS', 10_000),
    rescueInterval_ms: duration('ROLLCALL_RESCUE_INTERVAL_MS', 10_000),
    pruneInterval_ms: duration('ROLLCALL_PRUNE_INTERVAL_MS', 3_600_000),
    retention_months: {
      rows: whole('ROLLCALL_RETENTION_MONTHS', 24, 1, 1_200),
      files: whole('ROLLCALL_RETENTION_FILES_MONTHS', 6, 1, 1_200),
      // Postgres refuses to cut what is younger than six.
      audit: whole('ROLLCALL_RETENTION_AUDIT_MONTHS', 36, 6, 1_200),
    },
    stopDeadline_ms: duration('ROLLCALL_STOP_DEADLINE_MS', 25_000),
    // Below a few seconds a busy machine would look like a stuck process.
    watchdog_ms: whole('ROLLCALL_WATCHDOG_MS', 60_000, 2_000, 86_400_000),
    metrics: metricsPort === null ? null : { host: metricsHost, port: metricsPort },
    tracesEndpoint,
    suppressionSecrets: secrets.ok ? secrets.secrets : [],
    crashAt,
  };
  if (config.retention_months.files > config.retention_months.rows) {
    problems.push(
      'ROLLCALL_RETENTION_FILES_MONTHS: must be at most ROLLCALL_RETENTION_MONTHS, since files hold the numbers too; lower it',
    );
  }
  if (config.heartbeat_ms * 2 > config.lease_ms) {
    problems.push('ROLLCALL_HEARTBEAT_MS: must be at most half of ROLLCALL_LEASE_MS; lower it');
  }
  return problems.length === 0 ? { ok: true, config } : { ok: false, problems };
}
