import { anySubmitCases } from './any-submit.ts';
import type { ConformanceCases, StatusCase } from './case.ts';
import { failedStatusCases } from './failed-status.ts';
import { tasksSubmitCases } from './tasks-submit.ts';

const id = 'cs9viu7i61pkfs4oavvg';

function told(
  name: string,
  fixture: string,
  task: Extract<StatusCase['expected'], { kind: 'answered' }>['tasks'][string],
): StatusCase {
  const expected = { kind: 'answered', tasks: { [id]: task } } as const;
  return { name, httpStatus: 200, fixture, taskIds: [id], expected };
}

export const simpleTasksCases: ConformanceCases = {
  created: 'created.json',
  free: { httpStatus: 500, fixture: 'error-internal.json' },
  submit: [
    {
      name: "200 and the page's body",
      httpStatus: 200,
      fixture: 'created.json',
      expected: { kind: 'accepted', taskId: id, estimated: null },
    },
    {
      name: "202 and the page's body",
      httpStatus: 202,
      fixture: 'created.json',
      expected: { kind: 'accepted', taskId: id },
    },
    {
      name: '200 and a body behind a byte order mark',
      httpStatus: 200,
      fixture: 'created-with-byte-order-mark.json',
      expected: { kind: 'accepted', taskId: id },
    },
    ...tasksSubmitCases,
    ...anySubmitCases,
  ],
  status: [
    told('pending', 'status-pending.json', { word: 'pending', phase: 'queued' }),
    told('processing', 'status-processing.json', {
      phase: 'running',
      total: 20_000,
      success: 6_724,
    }),
    told('completed, which is not downloadable yet', 'status-completed.json', {
      word: 'completed',
      phase: 'ready_pending',
      locator: null,
    }),
    told('exported', 'status-exported.json', {
      phase: 'ready',
      locator: { kind: 'url', url: 'https://example-link-to-results.xlsx' },
    }),
    told('exported without a URL yet', 'status-exported-without-url.json', {
      phase: 'ready_pending',
      locator: null,
    }),
    told('failed', 'status-failed.json', { phase: 'failed' }),
    told('a word that nobody knows', 'status-unknown-word.json', { phase: 'unrecognised' }),
    told('counters beyond the total', 'status-counters-beyond-total.json', {
      total: 20_000,
      success: 20_010,
    }),
    ...failedStatusCases(id),
  ],
};
