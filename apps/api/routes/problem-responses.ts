import { problemSchema } from '@rollcall/contract';
import { type ErrorCode, errorCatalogue } from '../errors.ts';

/** The responses of a route that are problems, for its schema: one per status, with the codes that it may carry. */
export function problemResponses(codes: readonly ErrorCode[]) {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = errorCatalogue[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, named]) => [
      status,
      {
        description: named.map((code) => `\`${code}\`: ${errorCatalogue[code].title}.`).join(' '),
        content: {
          'application/problem+json': {
            schema: problemSchema,
            examples: Object.fromEntries(
              named.map((code) => [code, { $ref: `#/components/examples/${code}` }]),
            ),
          },
        },
      },
    ]),
  );
}

/** What every route that asks for a key may answer. */
export const everywhere = [
  'unauthenticated',
  'scope_missing',
  'rate_limited',
  'internal',
  'database_unavailable',
] as const satisfies readonly ErrorCode[];

/** And every route that takes a JSON body. */
export const ofJsonBody = [
  'malformed_request',
  'body_too_large',
  'unsupported_media_type',
] as const satisfies readonly ErrorCode[];
