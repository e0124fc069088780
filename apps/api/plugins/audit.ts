import { setTimeout as delay } from 'node:timers/promises';
import { normalizeIP } from '@fastify/rate-limit';
import type { AuditEntry, Database } from '@rollcall/db';
import { describeError, type Logger, type Metrics } from '@rollcall/telemetry';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { Tally, type Told } from '../audit/tally.ts';
import { tellAudit } from '../audit/tell-audit.ts';
import type { ErrorCode } from '../errors.ts';
import { namedKey } from '../named-key.ts';
import { keyOf } from '../request-fields.ts';

interface AuditOptions {
  readonly database: Database;
  readonly metrics: Metrics;
  readonly log: Logger;
}

const tellRefusalsEvery_ms = 60_000;
const tellReadsEvery_ms = 3_600_000;
/** For what was counted and is not told when the process stops. */
const lastWords_ms = 2_000;
/** Callers and reasons that one process tells apart in a minute: a flood from everywhere makes no flood of rows. */
const refusalsApart_max = 100;
const readsApart_max = 10_000;
/** Refusals that say something about who asks; the others are about what was asked. */
const refusals: ReadonlySet<ErrorCode> = new Set([
  'unauthenticated',
  'scope_missing',
  'not_account_operator',
  'rate_limited',
  'forged_request',
  'numbers_per_day_reached',
  'cost_per_day_reached',
]);

/**
 * Tells the audit trail of what no transaction does: refused requests, counted by caller and reason and told once a minute, and pages with
 * numbers that were read. The first page of an hour is told before it is sent; without the trail nobody reads. The others of that hour are
 * counted, and told when it is over or the process stops.
 */
export const auditPlugin = fastifyPlugin(
  (app: FastifyInstance, { database, metrics, log }: AuditOptions, done: () => void) => {
    const refused = new Tally('requests', refusalsApart_max, (entry) => ({
      ...entry,
      tenantId: null,
      actor: 'others',
    }));
    // Once it is full, each page is told by itself.
    const read = new Tally('pages', readsApart_max, () => null);

    app.addHook('onResponse', (request, _reply, next) => {
      const entry = refusalOf(request);
      if (entry && !refused.count(entry)) {
        metrics.count('rollcall_audit_unnamed_total', {});
      }
      next();
    });
    app.addHook('onRoute', (route) => {
      const what = route.config?.reads;
      if (what === undefined) return;
      route.onSend = [route.onSend ?? []].flat();
      route.onSend.push(async (request, reply) => {
        if (reply.statusCode !== 200 || request.method === 'HEAD') return;
        const entry = readingOf(request, what);
        if (read.has(entry)) {
          read.count(entry);
          return;
        }
        const { tenantId, ...told } = entry;
        await tellAudit(database, tenantId, [{ ...told, counts: { pages: 1 } }]);
        read.count(entry, 0);
      });
    });

    async function tell(tally: Tally): Promise<void> {
      const byTenant = Map.groupBy(tally.take(), ({ tenantId }) => tenantId);
      for (const [tenantId, entries] of byTenant) {
        await tellAudit(database, tenantId, entries).catch((error: unknown) => {
          tally.putBack(entries);
          const counts = { rows: entries.length };
          log.warn('audit.not_told', { counts, ...describeError(error) });
        });
      }
    }
    const timers = [
      setInterval(() => void tell(refused), tellRefusalsEvery_ms).unref(),
      setInterval(() => void tell(read), tellReadsEvery_ms).unref(),
    ];
    app.addHook('onClose', async () => {
      for (const timer of timers) clearInterval(timer);
      // A stop is bounded, also while Postgres is away.
      const told = Promise.all([tell(refused), tell(read)]);
      await Promise.race([told, delay(lastWords_ms, undefined, { ref: false })]);
    });
    done();
  },
  { name: 'audit' },
);

/** An id that is not there for a tenant may be another's: which, nobody says here, and who looks for ids is seen by how many they miss. */
function refusalOf(request: FastifyRequest): Told | null {
  const { refusedAs, apiKey, routeOptions } = request;
  if (refusedAs === null) return null;
  const isMissedId =
    refusedAs === 'not_found' && apiKey !== null && (routeOptions.url ?? '').includes('/:');
  if (!isMissedId && !refusals.has(refusedAs)) return null;
  return {
    tenantId: apiKey?.tenantId ?? null,
    actor: apiKey ? namedKey(apiKey) : `address ${normalizeIP(request.ip)}`,
    action: 'access.refused',
    subject: null,
    detail: { reason: refusedAs, first_route: `${request.method} ${routeOptions.url ?? 'none'}` },
  };
}

function readingOf(request: FastifyRequest, what: string): Told {
  const key = keyOf(request);
  const ids = request.params as Readonly<Record<string, string | undefined>>;
  return {
    tenantId: key.tenantId,
    actor: namedKey(key),
    action: what === 'audit' ? 'audit.read' : 'results.read',
    subject: ids['id'] ?? ids['chunk_id'] ?? null,
    detail: { what },
  } satisfies Omit<AuditEntry, 'counts'>;
}
