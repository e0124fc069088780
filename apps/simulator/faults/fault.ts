import { z } from 'zod';
import { contractNames } from '../accounts.ts';
import { operationNames } from '../request-log.ts';
import { fileEditsSchema } from '../results/edits.ts';

/** Which requests a fault is for; every field given must agree. */
const match = z.strictObject({
  contract: z.enum(contractNames).optional(),
  operation: z.enum(operationNames).optional(),
  /** An account's name, or its key. */
  account: z.string().optional(),
  key: z.string().optional(),
  /** Known only once a creation's body is read. */
  task_type: z.string().optional(),
  /** The id that status and file requests ask for; never matches a creation. */
  task_id: z.string().optional(),
});

/** Waits this long before the answer (or its absence) begins. */
const delayMs = z.number().nonnegative().default(0);
/** Whether a creation takes effect: the task exists and is charged, if the upload itself is acceptable. */
const chargedUnlessSaid = z.boolean().default(true);
const status = z.int().min(200).max(599);

const answer = z.strictObject({
  kind: z.literal('answer'),
  status,
  /** The body: JSON, or text. With neither, the vendor's own error shape for the status. */
  json: z.unknown().optional(),
  text: z.string().optional(),
  content_type: z.string().optional(),
  headers: z.record(z.string(), z.string()).default({}),
  charge: z.boolean().default(false),
  /** Answers without reading the body, then resets the connection if `then_reset`. */
  before_body: z.boolean().default(false),
  then_reset: z.boolean().default(false),
  delay_ms: delayMs,
});

const answering = [
  answer,
  /** The usual, later. `before_charge` waits before the creation takes effect, otherwise after. */
  z.strictObject({
    kind: z.literal('delay'),
    ms: z.number().nonnegative(),
    before_charge: z.boolean().default(false),
  }),
  z.strictObject({ kind: z.literal('reset_before_body') }),
  z.strictObject({ kind: z.literal('reset'), charge: chargedUnlessSaid, delay_ms: delayMs }),
  z.strictObject({ kind: z.literal('never_answer'), charge: chargedUnlessSaid }),
  /** Sends the whole head, none of the body, and resets. `status` replaces the true one. */
  z.strictObject({
    kind: z.literal('reset_after_headers'),
    status: status.optional(),
    charge: chargedUnlessSaid,
    delay_ms: delayMs,
  }),
  /** Sends the first bytes of the true body (half of it unless said) and closes; `clean`: with a Content-Length that agrees. */
  z.strictObject({
    kind: z.literal('cut_body'),
    bytes: z.int().min(0).optional(),
    clean: z.boolean().default(false),
    delay_ms: delayMs,
  }),
  z.strictObject({ kind: z.literal('slow_body'), bytes_per_second: z.number().positive() }),
  /** Sends the true body, then goes on with spaces for ever. */
  z.strictObject({ kind: z.literal('endless_body') }),
  /** Merges into the true JSON body (RFC 7396: null removes), so that any field can be wrong or absent. */
  z.strictObject({
    kind: z.literal('patch'),
    merge: z.record(z.string(), z.unknown()),
    status: status.optional(),
    delay_ms: delayMs,
  }),
  /** Accepts and charges, but answers with another task's id: the one given, else the account's newest. */
  z.strictObject({ kind: z.literal('duplicate_task_id'), task_id: z.string().optional() }),
] as const;

const attaching = [
  /** The coming status answers of the task: words, or fields over the true answer. `hold_last`: the last stays. */
  z.strictObject({
    kind: z.literal('statuses'),
    statuses: z.array(z.union([z.string(), z.record(z.string(), z.unknown())])).min(1),
    hold_last: z.boolean().default(false),
  }),
  /** Changes the task's result file, for its next `downloads` or for good. */
  z.strictObject({
    kind: z.literal('file'),
    edits: fileEditsSchema.prefault({}),
    downloads: z.int().positive().optional(),
  }),
  /** The next result URLs given out for the task are born expired. */
  z.strictObject({ kind: z.literal('expired_urls'), count: z.int().positive() }),
] as const;

const answeringAction = z.discriminatedUnion('kind', answering);
const attachingAction = z.discriminatedUnion('kind', attaching);

/** A fault that shapes one answer. */
export type AnsweringAction = z.infer<typeof answeringAction>;
/** A fault that changes the task that the request makes or asks for, from then on. */
export type AttachingAction = z.infer<typeof attachingAction>;

/**
 * One scripted fault: on which matching request it first fires (`nth`, from 1, counted from when it was posted) and on how
 * many it fires in all (`next`, a number or `all`).
 */
export const faultSchema = z
  .strictObject({
    match: match.default({}),
    nth: z.int().positive().default(1),
    next: z.union([z.int().positive(), z.literal('all')]).default(1),
    action: z.discriminatedUnion('kind', [...answering, ...attaching]),
  })
  .refine((fault) => !actsBeforeBody(fault.action) || !matchesBody(fault.match), {
    message: 'an action before the body cannot match what stands in the body (task_type, task_id)',
    path: ['match'],
  });
export type Fault = z.infer<typeof faultSchema>;
export type FaultAction = AnsweringAction | AttachingAction;

/** Whether an action comes before the request's body is read. */
export function actsBeforeBody(action: FaultAction): boolean {
  return action.kind === 'reset_before_body' || (action.kind === 'answer' && action.before_body);
}

/** Whether an action attaches to a task rather than shaping one answer. */
export function attaches(action: FaultAction): action is AttachingAction {
  return action.kind === 'statuses' || action.kind === 'file' || action.kind === 'expired_urls';
}

function matchesBody(fields: z.infer<typeof match>): boolean {
  return fields.task_type !== undefined || fields.task_id !== undefined;
}
