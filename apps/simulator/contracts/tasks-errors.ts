import { type Answer, jsonAnswer } from '../answer.ts';
import type { Acceptance } from '../accept-upload.ts';
import type { TaskTypeTraits } from '../task-types.ts';
import { gatewayPage } from './gateway-page.ts';

const errors: Record<number, [error: string, message: string]> = {
  400: ['bad_request', 'Invalid parameters or file format'],
  401: ['unauthorized', 'Invalid API key'],
  402: ['insufficient_balance', 'Insufficient balance'],
  404: ['task_not_found', 'Task not found'],
  413: ['file_too_large', 'File too large'],
  429: ['rate_limited', 'Too many requests'],
  500: ['internal_error', 'Internal server error, retry later'],
};

/** The error shape of `tasks-v1` and `simple-tasks`: `{error, message}`. */
export function tasksError(status: number, error?: string, message?: string): Answer {
  const page = gatewayPage(status);
  if (page) return page;
  const usual = errors[status] ?? [`error_${status}`, `Error ${status}`];
  return jsonAnswer(status, { error: error ?? usual[0], message: message ?? usual[1] });
}

/** The refusal of an upload that was read whole. Nothing was charged and no task exists. */
export function refusedUpload(
  acceptance: Exclude<Acceptance, { outcome: 'accepted' }>,
  traits: TaskTypeTraits,
): Answer {
  const { outcome, counted } = acceptance;
  switch (outcome) {
    case 'too_few':
      return tasksError(
        400,
        'invalid_batch_size',
        `Minimum batch size is ${traits.minimum}, got ${counted}`,
      );
    case 'too_many':
      return tasksError(
        400,
        'invalid_batch_size',
        `Maximum batch size is ${traits.maximum}, got ${counted}`,
      );
    case 'no_balance':
      return tasksError(402);
  }
}
