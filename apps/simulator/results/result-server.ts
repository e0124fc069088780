import { basename } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Account } from '../accounts.ts';
import { type Answer, sendAnswer, textAnswer } from '../answer.ts';
import { exchange, type Operation } from '../exchange.ts';
import type { Simulation } from '../simulation.ts';
import type { Task } from '../tasks.ts';
import { noEdits } from './edits.ts';
import { takeDownload } from './take-download.ts';

/**
 * The bucket that presigned result URLs point at, on an origin of its own. Like S3 it takes the URL's signature and no
 * other: a request that carries `Authorization` is refused with 400. `X-API-Key` is refused too (S3 would ignore it), so
 * that a client that forwards the vendor's key to the bucket is found out.
 */
export function buildResultServer(simulation: Simulation): FastifyInstance {
  const server = Fastify({ forceCloseConnections: true });
  server.get<{ Params: { id: string } }>('/externalcheck/:id/:file', async (request, reply) => {
    const task = simulation.tasks.byId(request.params.id);
    const account = task && simulation.accounts.byName(task.account);
    if (!account) {
      return sendAnswer(reply, s3Error(404, 'NoSuchKey', 'The specified key does not exist.'));
    }
    return exchange(simulation, request, reply, downloadOf(simulation, task, account));
  });
  return server;
}

function downloadOf(
  simulation: Simulation,
  task: Task,
  account: Account,
): Operation<Account, undefined> {
  return {
    contract: account.contract,
    operation: 'file',
    refuse: (status) => s3Error(status, `Error${status}`, `Error ${status}`),
    identify: () => account,
    read: async (request) =>
      refusalOf(simulation, request.url, request.headers) ?? { body: undefined, tasks: [task] },
    act: async () => {
      const edits = takeDownload(task) ?? noEdits;
      const body = await simulation.resultFiles.fileOf(task, account, edits);
      const etag = `"${basename(body.path)}"`;
      const headers = { 'content-type': 'binary/octet-stream', server: 'AmazonS3', etag };
      return { status: 200, headers, body };
    },
  };
}

function refusalOf(
  simulation: Simulation,
  url: string,
  headers: Record<string, unknown>,
): Answer | undefined {
  if (headers['authorization'] !== undefined || headers['x-api-key'] !== undefined) {
    return s3Error(
      400,
      'InvalidArgument',
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
    );
  }
  const { pathname, searchParams } = new URL(url, 'http://127.0.0.1');
  switch (simulation.resultUrls.check(pathname, searchParams, simulation.now())) {
    case 'valid':
      return undefined;
    case 'expired':
      return s3Error(403, 'AccessDenied', 'Request has expired');
    case 'forged':
      return s3Error(
        403,
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided.',
      );
  }
}

function s3Error(status: number, code: string, message: string): Answer {
  return textAnswer(
    status,
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
    'application/xml',
  );
}
