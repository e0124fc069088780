import { auditPageSchema, auditQuerySchema } from '@rollcall/contract';
import { type Database, readAudit } from '@rollcall/db';
import type { FastifyInstance } from 'fastify';
import type { FastifyZodOpenApiTypeProvider } from 'fastify-zod-openapi';
import { readCursor, writeCursor } from '../cursor.ts';
import { refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { everywhere, problemResponses } from './problem-responses.ts';

/** `GET /v1/audit` */
export async function auditRoute(
  plain: FastifyInstance,
  { database }: { readonly database: Database },
): Promise<void> {
  const app = plain.withTypeProvider<FastifyZodOpenApiTypeProvider>();
  app.get(
    '/audit',
    {
      config: { scope: 'admin', reads: 'audit' },
      schema: {
        tags: ['audit'],
        operationId: 'listAudit',
        summary: 'Page through the audit trail of your tenant, the newest first',
        description:
          'Who did what, why, and how many it concerned: never a number. Each row holds the hash of the one before it; ' +
          'docs/audit-trail.md says how a program verifies them, and `pnpm verify-audit` does it in the database.',
        security: [{ key: [] }],
        querystring: auditQuerySchema,
        response: {
          200: auditPageSchema,
          ...problemResponses([...everywhere, 'invalid_request', 'invalid_cursor']),
        },
      },
    },
    async (request, reply) => {
      const { limit, cursor: given, ...filter } = request.query;
      const cursor = readCursor('audit', given);
      if (cursor.kind === 'invalid') return sendRefusal(request, reply, refuse('invalid_cursor'));
      const page = { before: cursor.after, limit: limit + 1 };
      const rows = await readAudit(database, keyOf(request).tenantId, filter, page);
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return reply.send({
        data: [...shown],
        next_cursor: last ? writeCursor('audit', last.number) : null,
      });
    },
  );
}
