import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { problemOf, type Refusal, refuse } from '../refusal.ts';

type ClientError = Error & { readonly code?: string };

/** Answers what is not even a request (broken HTTP, headers without end, a body that never comes) like everything else. */
export function clientErrorAnswer(requestTimeout_ms: number) {
  return (error: ClientError, socket: Socket): void => {
    if (error.code === 'ECONNRESET') return;
    answerOnSocket(refusalOf(error.code, requestTimeout_ms), socket, randomUUID());
  };
}

/** Answers past Node's HTTP, whose request is not over, and ends the connection. */
export function answerOnSocket(refusal: Refusal, socket: Socket, requestId: string): void {
  if (socket.destroyed) return;
  const problem = problemOf(refusal, requestId);
  if (socket.writable) {
    const body = JSON.stringify(problem);
    const head = [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      'connection: close',
      'content-type: application/problem+json',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${requestId}`,
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
  socket.destroySoon();
}

function refusalOf(code: string | undefined, requestTimeout_ms: number): Refusal {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const detail = `The request was not whole after ${requestTimeout_ms / 1000} seconds (ROLLCALL_UPLOAD_TIMEOUT_MS). Send it over a faster line, or split the upload.`;
    return refuse('request_timeout', { detail });
  }
  if (code === 'HPE_HEADER_OVERFLOW') return refuse('headers_too_large');
  return refuse('malformed_request');
}
