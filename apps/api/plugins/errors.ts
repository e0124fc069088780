import { whichDiskIsFull } from '@rollcall/db';
import { describeError, type Logger } from '@rollcall/telemetry';
import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { RequestValidationError } from 'fastify-zod-openapi';
import type { z } from 'zod';
import { isDatabaseAway } from '../database-away.ts';
import { UploadBroken } from '../intake/upload-bytes.ts';
import { type Refusal, refuse, sendRefusal } from '../refusal.ts';
import { fieldErrors } from '../validation-errors.ts';

/** Turns everything that was thrown, and every path that is not there, into a problem of the catalogue. */
export const errorsPlugin = fastifyPlugin(
  (app: FastifyInstance, { log }: { readonly log: Logger }, done: () => void) => {
    app.setErrorHandler<FastifyError>((error, request, reply) => {
      const refusal = refusalOf(error, request);
      const full = whichDiskIsFull(error);
      if (full !== null) log.error('disk.full', { request: request.id, reason: full });
      if (refusal.code === 'internal') {
        const route = request.routeOptions.url;
        log.error('http.failed', { request: request.id, route, ...describeError(error) });
      } else if (refusal.code === 'database_unavailable') {
        log.warn('database.error', { request: request.id, ...describeError(error) });
      }
      return sendRefusal(request, reply, refusal);
    });
    done();
  },
  { name: 'errors' },
);

function refusalOf(error: FastifyError, request: FastifyRequest): Refusal {
  if (error instanceof UploadBroken) {
    const detail = 'The body ended early or its parts are broken.';
    return request.endedAs ?? refuse('malformed_request', { detail });
  }
  if (error.validation) return refusalOfValidation(error, request);
  if (isDatabaseAway(error)) return refuse('database_unavailable');
  if (whichDiskIsFull(error) !== null) return refuse('disk_full');
  switch (error.statusCode) {
    case 400:
      return refuse('malformed_request');
    case 413:
      return refuse('body_too_large');
    case 415:
      return refuse('unsupported_media_type');
    case 429:
      return refuse('rate_limited');
    default:
      return refuse('internal');
  }
}

const places = {
  body: { place: 'body', part: 'body' },
  querystring: { place: 'query', part: 'query' },
  params: { place: 'path', part: 'params' },
  headers: { place: 'header', part: 'headers' },
} as const;

function refusalOfValidation(
  { validation, validationContext = 'body' }: FastifyError,
  request: FastifyRequest,
): Refusal {
  const { place, part } = places[validationContext as keyof typeof places];
  const issues = (validation ?? []).flatMap((each): z.core.$ZodIssue[] =>
    each instanceof RequestValidationError ? [each.params.issue] : [],
  );
  // An id that cannot be one names nothing. A number that cannot be one is mistyped: whoever takes it for one that is not there would go away.
  const isNumber = issues.some(({ path }) => path[0] === 'number');
  if (place === 'path' && !isNumber) return refuse('not_found');
  return refuse('invalid_request', { errors: fieldErrors(issues, place, request[part]) });
}
