import type { Random } from './random.ts';

/** A scripted fault of the simulator, as `POST /_sim/faults` takes it; apps/simulator/README.md says what each does. */
export interface ProviderFault {
  readonly match: { readonly account: string; readonly operation: 'create' | 'status' | 'file' };
  readonly nth: number;
  readonly next: number;
  readonly action: Readonly<Record<string, unknown>> & { readonly kind: string };
}

/** The simulator's accounts, and the words of their statuses as a task goes on, fails, and none at all. */
const vendors = [
  { account: 'ekycpro', goesOn: ['processing', 'pending'], fails: 'failed' },
  { account: 'checknumber', goesOn: ['processing', 'pending'], fails: 'failed' },
  { account: 'facebook', goesOn: ['completed', 'processing', 'pending'], fails: 'failed' },
  { account: 'webcom', goesOn: ['inwork', 'new'], fails: 'rejected' },
] as const;

type Action = ProviderFault['action'];

const createActions: ((random: Random) => Action)[] = [
  () => ({ kind: 'never_answer' }),
  () => ({ kind: 'never_answer', charge: false }),
  () => ({ kind: 'reset' }),
  () => ({ kind: 'reset', charge: false }),
  () => ({ kind: 'reset_before_body' }),
  () => ({ kind: 'reset_after_headers' }),
  () => ({ kind: 'cut_body' }),
  () => ({ kind: 'cut_body', clean: true }),
  () => ({ kind: 'patch', merge: { task_id: null, data: null } }),
  () => ({ kind: 'patch', merge: { success: false } }),
  () => ({ kind: 'duplicate_task_id' }),
  () => ({
    kind: 'answer',
    status: 200,
    text: '<html>busy</html>',
    content_type: 'text/html',
    charge: true,
  }),
  (random) => ({ kind: 'answer', status: random.pick([500, 502, 503, 504, 429]) }),
  (random) => ({ kind: 'answer', status: random.pick([502, 503, 504]), charge: true }),
  (random) => ({ kind: 'answer', status: random.pick([402, 401]) }),
  (random) => ({ kind: 'delay', ms: random.between(300, 3_000) }),
  (random) => ({ kind: 'delay', ms: random.between(300, 3_000), before_charge: true }),
];

const statusActions: ((random: Random) => Action)[] = [
  (random) => ({ kind: 'answer', status: random.pick([500, 502, 429, 404]) }),
  () => ({ kind: 'answer', status: 200, text: '<html>busy</html>', content_type: 'text/html' }),
  () => ({ kind: 'cut_body' }),
  () => ({ kind: 'never_answer', charge: false }),
];

const fileActions: ((random: Random) => Action)[] = [
  () => ({ kind: 'cut_body' }),
  () => ({ kind: 'reset', charge: false }),
  (random) => ({ kind: 'answer', status: random.pick([500, 503, 403, 404]) }),
  () => ({ kind: 'slow_body', bytes_per_second: 200 }),
  () => ({ kind: 'endless_body' }),
];

/** Faults that go with the task that a creation makes. */
const taskActions: ((random: Random, vendor: (typeof vendors)[number]) => Action)[] = [
  (_, { goesOn }) => ({ kind: 'statuses', statuses: [...goesOn] }),
  (_, { goesOn }) => ({ kind: 'statuses', statuses: [goesOn[0], 'sleeping', goesOn[0]] }),
  (_, { fails, goesOn }) => ({ kind: 'statuses', statuses: [fails, goesOn[0]] }),
  (_, { fails }) => ({ kind: 'statuses', statuses: [fails, fails, fails] }),
  (random) => ({ kind: 'expired_urls', count: random.between(1, 3) }),
  () => ({ kind: 'file', downloads: 1, edits: { instead: 'html' } }),
  () => ({ kind: 'file', downloads: 1, edits: { instead: 'empty' } }),
  () => ({ kind: 'file', downloads: 1, edits: { keep_share: 0.6 } }),
  (random) => ({ kind: 'file', edits: { missing_rows: random.between(1, 3) } }),
  (random) => ({ kind: 'file', edits: { contradictory_rows: random.between(1, 2) } }),
  (random) => ({ kind: 'file', edits: { doubled_rows: random.between(1, 3), reordered: true } }),
  (random) => ({ kind: 'file', edits: { foreign_rows: random.between(1, 3) } }),
];

/**
 * A fault that will most likely strike: one that is scripted before the storm, while every account's first uploads are to come, or one for
 * the midst of it, when there are fewer uploads but statuses are asked for and files fetched all the time.
 */
export function providerFault(random: Random, when: 'before' | 'amid'): ProviderFault {
  const vendor = random.pick(vendors);
  const { account } = vendor;
  const script = (operation: 'create' | 'status' | 'file', action: Action, most: number) => ({
    match: { account, operation },
    nth: random.between(1, when === 'before' ? 2 : 1),
    next: random.between(1, most),
    action,
  });
  const share = random.next() + (when === 'before' ? 0 : 0.35);
  if (share < 0.45) return script('create', random.pick(createActions)(random), 2);
  if (share < 0.7) return script('create', random.pick(taskActions)(random, vendor), 2);
  if (share < 0.95) return script('status', random.pick(statusActions)(random), 3);
  return script('file', random.pick(fileActions)(random), 2);
}
