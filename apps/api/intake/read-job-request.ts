import type { FastifyRequest } from 'fastify';
import { type Refusal, refuse } from '../refusal.ts';
import { fieldError } from '../validation-errors.ts';
import { readFormJob } from './read-form-job.ts';
import { bareArray, readJsonJob } from './read-json-job.ts';
import type { IntakeLimits, JobRequestOutcome } from './read-outcome.ts';
import { readRawJob } from './read-raw-job.ts';
import { uploadBytes } from './upload-bytes.ts';

/** Bodies that are the file itself. */
export const rawMediaTypes = [
  'text/csv',
  'text/plain',
  'text/tab-separated-values',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/gzip',
  'application/x-gzip',
  'application/octet-stream',
] as const;

/** A form's boundaries and fields, beside its file. */
export const formOverheadBytesMax = 1 << 20;

/** Reads a request to make a job in any of its three forms: JSON, a multipart form, or the file itself. */
export async function readJobRequest(
  request: FastifyRequest,
  limits: IntakeLimits,
): Promise<JobRequestOutcome> {
  if (Number(request.headers['content-length'] ?? 0) > limits.maxBytes + formOverheadBytesMax) {
    const detail = `Send at most ${limits.maxBytes} bytes (ROLLCALL_INTAKE_MAX_BYTES).`;
    return refuse('body_too_large', { detail });
  }
  const mediaType = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  if (rawMediaTypes.some((raw) => raw === mediaType)) {
    return await readRawJob(request.query, uploadBytes(request.raw), limits);
  }
  if (mediaType !== 'application/json' && mediaType !== 'multipart/form-data') {
    return refuse('unsupported_media_type');
  }
  if (request.headers['content-encoding'] !== undefined) {
    const detail = 'Send this form without Content-Encoding; a gzip file can be sent as it is.';
    return refuse('unsupported_media_type', { detail });
  }
  const query = Object.keys(request.query as object);
  if (query.length > 0) {
    const isArray = mediaType === 'application/json' && (await beginsArray(request));
    return isArray ? bareArray() : optionsBelongInTheBody(query);
  }
  return mediaType === 'application/json'
    ? await readJsonJob(uploadBytes(request.raw), limits)
    : await readFormJob(request, limits);
}

/** What an option is told that stands in the query string of a form which has it in its body. */
export const belongsInBody = 'options of this form belong in the body';

/** Whether the body is the file of numbers itself, as its first byte says. */
async function beginsArray(request: FastifyRequest): Promise<boolean> {
  for await (const chunk of uploadBytes(request.raw)) {
    const text = chunk.toString('latin1').trimStart();
    if (text !== '') return text.startsWith('[');
  }
  return false;
}

function optionsBelongInTheBody(query: readonly string[]): Refusal {
  return refuse('invalid_request', {
    errors: query.map((name) => fieldError('query', [name], belongsInBody)),
  });
}
