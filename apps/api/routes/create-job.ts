import multipart from '@fastify/multipart';
import {
  type CreateJobOptions,
  createJobBodySchema,
  createJobFormSchema,
  createJobQuerySchema,
  idempotencyKeySchema,
  type Job,
  jobSchema,
} from '@rollcall/contract';
import {
  type ApiKey,
  type Database,
  foreseeUsage,
  knowsIdempotencyKey,
  type OpenIntake,
  readLearnedLimits,
  type SuppressionCheck,
  type SuppressionFound,
} from '@rollcall/db';
import { effectiveLimits, type JobId, priceOf } from '@rollcall/domain';
import type { Intake } from '@rollcall/numbers';
import { refusalCodes } from '@rollcall/numbers';
import type { Queues } from '@rollcall/queue';
import type { Logger } from '@rollcall/telemetry';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { accountsOf } from '../accounts-of.ts';
import {
  type AccountBook,
  type ChosenAccount,
  chooseAccount,
  withChecksNamed,
} from '../intake/choose-account.ts';
import { rawMediaTypes, readJobRequest } from '../intake/read-job-request.ts';
import type { IntakeLimits } from '../intake/read-outcome.ts';
import { refuseTooDear } from '../intake/refuse-too-dear.ts';
import { refuseTooFew } from '../intake/refuse-too-few.ts';
import { refuseUsage } from '../intake/refuse-usage.ts';
import { storeJob } from '../intake/store-job.ts';
import { type UploadSlotLimits, UploadSlots } from '../intake/upload-slots.ts';
import { whileIntakeOpen } from '../intake/while-intake-open.ts';
import { headersNamed } from '../openapi/response-headers.ts';
import { readWholeJob } from '../read-whole-job.ts';
import { type Refusal, refuse, sendRefusal } from '../refusal.ts';
import { keyOf } from '../request-fields.ts';
import { turnstile } from '../turnstile.ts';
import { everywhere, ofJsonBody, problemResponses } from './problem-responses.ts';

export interface CreateJobDependencies {
  readonly database: Database;
  readonly queues: Queues;
  readonly accounts: AccountBook;
  readonly suppressions: SuppressionCheck;
  readonly log: Logger;
  readonly intakeLimits: IntakeLimits;
  /** Uploads that one process reads at a time; more are refused with 429. Each takes up to about 60 MB of memory. */
  readonly uploads: UploadSlotLimits;
  /** Jobs that one process stores at a time, so that connections are left for everybody else; the others wait. */
  readonly storesAtOnceMax: number;
  /** From the first byte of a request to its last. */
  readonly requestTimeout_ms: number;
}

/** Workbooks that one process reads at a time, since each may take 100 MB more than a text; the others wait. */
const workbooksAtOnceMax = 2;

interface Stored {
  readonly kind: 'stored';
  readonly job: Job;
  readonly replayed: boolean;
}

const fileSchema = z.string().meta({
  override: { type: 'string', contentMediaType: 'application/octet-stream' },
  description: 'The file itself, with the options in the query string.',
});

const schema = {
  tags: ['jobs'],
  operationId: 'createJob',
  summary: 'Make a job',
  description:
    'Numbers come as a JSON array, as a file in a form, or as the file itself with the options in the query string. ' +
    'Bodies are read while they arrive; nothing is stored before all of it was read.',
  security: [{ key: [] }],
  headers: z.object({ 'idempotency-key': idempotencyKeySchema.optional() }),
  // Checked by whoever reads each form; the file forms take these from the query string.
  querystring: createJobQuerySchema,
  body: {
    description:
      'A JSON object with `numbers`, a form with `file`, or the file itself with the options in the query string.',
    required: true,
    content: {
      'application/json': { schema: createJobBodySchema },
      'multipart/form-data': { schema: createJobFormSchema },
      ...Object.fromEntries(rawMediaTypes.map((type) => [type, { schema: fileSchema }])),
    },
  },
  response: {
    202: {
      description:
        'The job is stored; `Location` names it. `Idempotency-Replayed: true`: it was made before.',
      headers: headersNamed('location', 'idempotency-replayed'),
      content: { 'application/json': { schema: jobSchema } },
    },
    ...problemResponses([
      ...everywhere,
      ...ofJsonBody,
      'upload_too_slow',
      'idempotency_in_progress',
      'cost_per_day_reached',
      'numbers_per_day_reached',
      'invalid_request',
      'option_after_numbers',
      'unknown_check',
      'unknown_account',
      'check_not_offered',
      'no_account_for_check',
      'too_few_numbers',
      'max_cost_too_low',
      'idempotency_key_reused',
      'too_many_uploads',
      'disk_full',
      ...refusalCodes,
    ]),
  },
};

/** `POST /v1/jobs` */
export async function createJobRoute(
  app: FastifyInstance,
  deps: CreateJobDependencies,
): Promise<void> {
  const { database, log } = deps;
  const storing = turnstile(deps.storesAtOnceMax);
  const intakeLimits = { ...deps.intakeLimits, inWorkbookTurn: turnstile(workbooksAtOnceMax) };
  const uploads = new UploadSlots(deps.uploads);

  // Bodies are left unread: the handler reads each form as a stream.
  app.removeAllContentTypeParsers();
  await app.register(multipart, { throwFileSizeLimit: false });
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));

  app.post(
    '/jobs',
    {
      config: { scope: 'jobs:write', isUpload: true },
      schema,
      // The query and the body are checked by the readers, which know which form it is.
      validatorCompiler: () => () => true,
    },
    async (request, reply) => {
      const { tenantId, family } = keyOf(request);
      const slot = uploads.take(tenantId, family);
      if (slot.kind === 'refused') return sendRefusal(request, reply, slot);
      const outcome = await whileIntakeOpen<Stored | Refusal>(
        database,
        { tenantId, requestTimeout_ms: deps.requestTimeout_ms },
        (open) => createJob(request, open),
        (received) => received.kind === 'stored' && !received.replayed,
      ).finally(() => {
        slot.free();
        // A refused form leaves its parser behind, which would hold the rest of the body up.
        request.raw.unpipe();
      });
      if (outcome.kind === 'refused') {
        log.info('job.refused', { request: request.id, reason: outcome.code });
        return sendRefusal(request, reply, outcome);
      }
      if (outcome.replayed) void reply.header('idempotency-replayed', 'true');
      return reply.code(202).header('location', outcome.job.links.self).send(outcome.job);
    },
  );

  async function createJob(request: FastifyRequest, open: OpenIntake): Promise<Stored | Refusal> {
    const idempotencyKey = readIdempotencyKey(request);
    if (idempotencyKey.kind === 'refused') return idempotencyKey;
    // A workbook is read, and everything stored, when the upload is here, and both may take longer than a connection may be
    // silent while it uploads.
    request.raw.once('end', () => request.raw.setTimeout?.(0));
    const read = await readJobRequest(request, intakeLimits);
    if (read.kind === 'refused') {
      const { tenantId } = keyOf(request);
      return withChecksNamed(read, await accountsOf(database, deps.accounts, tenantId));
    }
    await using intake = read.intake;

    const apiKey = keyOf(request);
    const accounts = await accountsOf(database, deps.accounts, apiKey.tenantId);
    const chosen = chooseAccount(accounts, read.options);
    if (chosen.kind === 'refused') return chosen;
    const suppression = await deps.suppressions.find(
      database,
      apiKey.tenantId,
      intake.sortedNumbers(),
    );
    // A job that was made under this key is answered with, whatever has become of prices and limits since.
    const isKnown =
      idempotencyKey.key !== undefined &&
      (await knowsIdempotencyKey(database, apiKey.tenantId, idempotencyKey.key));
    if (!isKnown) {
      const unfit = await refuseUnfit(intake, suppression, chosen, read.options, apiKey);
      if (unfit) return unfit;
    }

    const received = await storing(() =>
      storeJob(
        database,
        read,
        suppression,
        chosen,
        apiKey,
        idempotencyKey.key,
        request.traceparent,
        open,
      ),
    );
    if (received.kind === 'too_late') return refuse('upload_too_slow');
    if (received.kind === 'other_body') return refuse('idempotency_key_reused');
    if (received.kind === 'in_progress') return refuse('idempotency_in_progress');
    if (received.kind === 'limit_reached' || received.kind === 'key_ended') {
      return refuseUsage(received);
    }
    if (received.kind === 'created') {
      await announce(request, received.jobId, received.ring, intake, chosen);
    }
    const job = await readWholeJob(database, apiKey.tenantId, received.jobId);
    if (!job) throw new Error('a job that was just stored is not there');
    return { kind: 'stored', job, replayed: received.kind === 'replayed' };
  }

  async function refuseUnfit(
    intake: Intake,
    { suppressed }: SuppressionFound,
    chosen: ChosenAccount,
    options: CreateJobOptions,
    { id: keyId, tenantId }: ApiKey,
  ): Promise<Refusal | null> {
    const learned = await readLearnedLimits(database, chosen.account.id, options.check);
    const { minNumbers } = effectiveLimits(chosen.offer, learned);
    // What must not be sent is taken, and costs nothing.
    const paid = intake.accepted - suppressed.length;
    const unfit =
      refuseTooFew(intake, suppressed.length, chosen, minNumbers) ??
      refuseTooDear({ accepted: paid }, chosen, options.max_cost);
    if (unfit) return unfit;
    const { currency } = chosen.account;
    const cost = priceOf(chosen.offer.pricePerNumber, paid);
    const job = { tenantId, keyId, numbers: intake.accepted, cost, currency };
    const passed = await foreseeUsage(database, job);
    return passed && refuseUsage(passed);
  }

  async function announce(
    request: FastifyRequest,
    jobId: JobId,
    ring: number,
    intake: Intake,
    { account }: ChosenAccount,
  ): Promise<void> {
    log.info('job.received', {
      request: request.id,
      job: jobId,
      account: account.id,
      api_key: request.apiKey?.id,
      bytes: intake.originalBytes,
      counts: {
        lines: intake.lines,
        numbers: intake.accepted,
        duplicates: intake.duplicates,
        rejects: intake.rejected,
      },
    });
    // Best effort, within about a second: the job is stored, and the sweep rings for what nobody rang for.
    await deps.queues.ring([{ stage: 'plan', jobId, ring }]);
  }
}

function readIdempotencyKey(
  request: FastifyRequest,
): { readonly kind: 'key'; readonly key: string | undefined } | Refusal {
  const key = idempotencyKeySchema.optional().safeParse(request.headers['idempotency-key']);
  if (key.success) return { kind: 'key', key: key.data };
  const message = key.error.issues[0]?.message ?? 'is wrong';
  return refuse('invalid_request', {
    errors: [{ in: 'header', pointer: '/idempotency-key', message }],
  });
}
