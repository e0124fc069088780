import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { type Answer, jsonAnswer, lengthOf, sendAnswer } from '../answer.ts';
import type { AnsweringAction } from './fault.ts';
import { mergePatch } from './merge-patch.ts';

/**
 * How long a head stays alone on the wire before the connection is reset, so that the client has read it: a reset makes
 * some kernels drop what was received and not yet read.
 */
const headAloneMs = 30;

/** Sends an answer bent by a fault, or not at all. `answer` actions were turned into the answer before. */
export async function deliver(
  reply: FastifyReply,
  answer: Answer,
  action: AnsweringAction | undefined,
): Promise<void> {
  const delayMs = delayOf(action);
  if (delayMs > 0) await wait(delayMs, undefined, { ref: false });
  switch (action?.kind) {
    case undefined:
    case 'delay':
    case 'duplicate_task_id':
      return sendAnswer(reply, answer);
    case 'answer':
      if (!action.then_reset) return sendAnswer(reply, answer);
      reply.hijack();
      writeHead(reply.raw, answer).end(answer.body);
      return resetSoon(reply.raw);
    case 'patch':
      return sendAnswer(reply, patched(answer, action.merge, action.status));
    case 'reset_before_body':
    case 'reset':
      reply.hijack();
      reply.raw.socket?.resetAndDestroy();
      return;
    case 'never_answer':
      reply.hijack();
      return;
    case 'reset_after_headers':
      reply.hijack();
      writeHead(reply.raw, { ...answer, status: action.status ?? answer.status }).flushHeaders();
      return resetSoon(reply.raw);
    case 'cut_body':
      return cutBody(reply, answer, action.bytes, action.clean);
    case 'slow_body':
      reply.hijack();
      return dripBody(writeHead(reply.raw, answer), answer, action.bytes_per_second);
    case 'endless_body':
      reply.hijack();
      reply.raw.writeHead(answer.status, answer.headers);
      return endlessBody(reply.raw, answer);
  }
}

function delayOf(action: AnsweringAction | undefined): number {
  if (action === undefined) return 0;
  if (action.kind === 'delay') return action.before_charge ? 0 : action.ms;
  return 'delay_ms' in action ? action.delay_ms : 0;
}

function writeHead(response: ServerResponse, answer: Answer): ServerResponse {
  return response.writeHead(answer.status, {
    ...answer.headers,
    'content-length': lengthOf(answer),
  });
}

async function resetSoon(response: ServerResponse): Promise<void> {
  const { socket } = response;
  await wait(headAloneMs, undefined, { ref: false });
  socket?.resetAndDestroy();
}

function patched(answer: Answer, merge: unknown, status: number | undefined): Answer {
  if (!Buffer.isBuffer(answer.body)) return { ...answer, status: status ?? answer.status };
  const body: unknown = JSON.parse(answer.body.toString());
  return jsonAnswer(status ?? answer.status, mergePatch(body, merge));
}

async function cutBody(
  reply: FastifyReply,
  answer: Answer,
  bytes: number | undefined,
  clean: boolean,
): Promise<void> {
  const kept = Math.min(bytes ?? Math.floor(lengthOf(answer) / 2), lengthOf(answer));
  const response = reply.raw;
  reply.hijack();
  const length = clean ? kept : lengthOf(answer);
  response.writeHead(answer.status, { ...answer.headers, 'content-length': length });
  response.flushHeaders();
  for await (const chunk of bodyOf(answer, kept)) {
    if (!(await written(response, chunk))) return;
  }
  if (clean) response.end();
  else response.socket?.destroySoon();
}

async function dripBody(
  response: ServerResponse,
  answer: Answer,
  bytesPerSecond: number,
): Promise<void> {
  const step = Math.max(1, Math.floor(bytesPerSecond / 10));
  for await (const chunk of bodyOf(answer, lengthOf(answer))) {
    for (let start = 0; start < chunk.length; start += step) {
      if (!(await written(response, chunk.subarray(start, start + step)))) return;
      await wait((step / bytesPerSecond) * 1000, undefined, { ref: false });
    }
  }
  response.end();
}

async function endlessBody(response: ServerResponse, answer: Answer): Promise<void> {
  for await (const chunk of bodyOf(answer, lengthOf(answer))) {
    if (!(await written(response, chunk))) return;
  }
  const more = Buffer.alloc(16 * 1024, ' ');
  while (await written(response, more));
}

async function* bodyOf(answer: Answer, bytes: number): AsyncGenerator<Buffer> {
  if (bytes === 0) return;
  const source: AsyncIterable<Buffer> = Buffer.isBuffer(answer.body)
    ? Readable.from([answer.body.subarray(0, bytes)])
    : createReadStream(answer.body.path, { end: bytes - 1 });
  yield* source;
}

/** Writes and waits until it has left the process; false once the client is gone. */
function written(response: ServerResponse, chunk: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    if (response.destroyed) {
      resolve(false);
      return;
    }
    const gone = () => resolve(false);
    response.once('close', gone);
    response.write(chunk, (error) => {
      response.off('close', gone);
      resolve(!error);
    });
  });
}
