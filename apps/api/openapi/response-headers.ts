/** Headers of answers, by the name under which the document's components have them. */
export const responseHeaders = {
  'x-request-id': {
    description:
      'Names this request, in the log too. A UUID that the caller sent under this name is taken over.',
    schema: { type: 'string', format: 'uuid' },
    example: '01929d3e-8c00-7a31-9f5c-0242ac120002',
  },
  'ratelimit-limit': {
    description: 'Requests that one process of the API answers this key in a minute.',
    schema: { type: 'integer' },
    example: 6_000,
  },
  'ratelimit-remaining': {
    description: 'How many of them are left.',
    schema: { type: 'integer' },
    example: 5_999,
  },
  'ratelimit-reset': {
    description: 'Seconds until all of them are there again.',
    schema: { type: 'integer' },
    example: 60,
  },
  'retry-after': {
    description: 'Seconds after which to ask again.',
    schema: { type: 'integer' },
    example: 2,
  },
  'www-authenticate': {
    description: 'How to show a key.',
    schema: { type: 'string' },
    example: 'Bearer realm="Rollcall"',
  },
  location: {
    description: 'The path of what was made.',
    schema: { type: 'string' },
    example: '/v1/jobs/job_01929d3e-8c00-7a31-9f5c-0242ac120002',
  },
  'idempotency-replayed': {
    description: '`true`: it was made before, by a request with the same Idempotency-Key.',
    schema: { type: 'string', enum: ['true'] },
    example: 'true',
  },
  'content-disposition': {
    description: 'A name for the file.',
    schema: { type: 'string' },
    example: 'attachment; filename="job_01929d3e-8c00-7a31-9f5c-0242ac120002.csv"',
  },
  'repr-digest': {
    description: 'SHA-256 of the file, in base64 (RFC 9530).',
    schema: { type: 'string' },
    example: 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:',
  },
} as const;

type HeaderName = keyof typeof responseHeaders;

/** Headers of one answer, for its place in a route's schema. */
export function headersNamed(...names: HeaderName[]) {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
