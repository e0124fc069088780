import { type Answer, jsonAnswer } from '../answer.ts';
import { gatewayPage } from './gateway-page.ts';

const errors: Record<number, [name: string, message: string]> = {
  400: ['Bad Request', 'Wrong data'],
  401: ['Unauthorized', 'Your request was made with invalid credentials.'],
  403: ['Forbidden', 'You are not allowed to perform this action.'],
  404: ['Not Found', 'Page not found.'],
  413: ['Request Entity Too Large', 'File too large'],
  429: ['Too Many Requests', 'Rate limit exceeded.'],
  500: ['Internal Server Error', 'An internal server error occurred.'],
};

/** Webcom's error shape: `{name, message, code, status}`. */
export function webcomError(status: number, message?: string): Answer {
  const page = gatewayPage(status);
  if (page) return page;
  const [name, usual] = errors[status] ?? [`Error ${status}`, `Error ${status}`];
  return jsonAnswer(status, { name, message: message ?? usual, code: 0, status });
}

/** The page's 400: `Wrong data phones`, or `Wrong data` alone. */
export function wrongData(field: string): Answer {
  return webcomError(400, `Wrong data ${field}`.trimEnd());
}
