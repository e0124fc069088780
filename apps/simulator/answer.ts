import { createReadStream } from 'node:fs';
import type { FastifyReply } from 'fastify';

/** A file on disk, ready to be sent. */
export interface StoredFile {
  path: string;
  sizeBytes: number;
}

/** An HTTP answer as a value, so that a fault can bend it before it leaves. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer | StoredFile;
}

/** A JSON answer. */
export function jsonAnswer(status: number, value: unknown): Answer {
  return textAnswer(status, JSON.stringify(value), 'application/json; charset=utf-8');
}

export function textAnswer(status: number, text: string, contentType: string): Answer {
  return { status, headers: { 'content-type': contentType }, body: Buffer.from(text) };
}

/** The length of an answer's body in bytes. */
export function lengthOf(answer: Answer): number {
  return Buffer.isBuffer(answer.body) ? answer.body.length : answer.body.sizeBytes;
}

/** Sends an answer as it is. */
export async function sendAnswer(reply: FastifyReply, answer: Answer): Promise<void> {
  reply.code(answer.status).headers(answer.headers).header('content-length', lengthOf(answer));
  await reply.send(Buffer.isBuffer(answer.body) ? answer.body : createReadStream(answer.body.path));
}
