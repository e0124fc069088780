import type { SubmitCase } from './case.ts';

const expected = { kind: 'unknown', reason: 'status_not_listed_as_free' } as const;

/** No provider lists these as free, whoever wrote the body (faults 9). */
export const anySubmitCases: readonly SubmitCase[] = [
  ...[408, 409, 413, 502, 503, 504, 520, 522].map(
    (httpStatus): SubmitCase => ({
      name: `${httpStatus} from what stands in front`,
      httpStatus,
      fixture: 'proxy-page.html',
      expected,
    }),
  ),
  ...[301, 302, 307, 308].map(
    (httpStatus): SubmitCase => ({
      name: `${httpStatus}, which is not followed`,
      httpStatus,
      fixture: null,
      headers: { location: '/elsewhere' },
      expected,
    }),
  ),
];
