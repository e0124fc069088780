import type { FastifyReply } from 'fastify';
import type { z } from 'zod';

/** Parses what a test sent to the control API; a mistake is answered with 400 and every issue named. */
export function parseOr400<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  reply: FastifyReply,
): z.output<Schema> | undefined {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  void reply.code(400).send({
    error: 'invalid_control_request',
    issues: parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
  });
  return undefined;
}

/** A 404 of the control API. */
export function notFound(reply: FastifyReply, what: string): FastifyReply {
  return reply.code(404).send({ error: 'not_found', message: `no such ${what}` });
}
