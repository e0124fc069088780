import { randomBytes } from 'node:crypto';
import {
  type ApiKey,
  type Database,
  type OpenIntake,
  type Received,
  receiveJob,
  type SuppressionFound,
} from '@rollcall/db';
import { makeId, parseMoney, priceOf } from '@rollcall/domain';
import { namedKey } from '../named-key.ts';
import type { ChosenAccount } from './choose-account.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { JobRequest } from './read-outcome.ts';

/** Stores a job that was read, all of it or nothing. */
export async function storeJob(
  database: Database,
  { options, intake }: JobRequest,
  suppression: SuppressionFound,
  { account, offer }: ChosenAccount,
  apiKey: ApiKey,
  idempotencyKey: string | undefined,
  traceparent: string | null,
  open: OpenIntake,
): Promise<Received> {
  return await receiveJob(database, {
    id: makeId('job', Date.now(), randomBytes(10)),
    tenantId: apiKey.tenantId,
    checkName: options.check,
    account: account.id,
    currency: account.currency,
    name: options.name ?? null,
    priority: options.priority ?? 0,
    purpose: options.purpose,
    requestedBy: options.requested_by,
    defaultRegion: options.default_region ?? null,
    maxCost: options.max_cost === undefined ? null : parseMoney(options.max_cost),
    cost: priceOf(offer.pricePerNumber, intake.accepted - (suppression?.suppressed.length ?? 0)),
    createdBy: apiKey.id,
    actor: namedKey(apiKey),
    traceparent,
    idempotency:
      idempotencyKey === undefined
        ? null
        : { key: idempotencyKey, fingerprint: fingerprintOf(options, intake.originalSha256) },
    intake: open,
    lines: intake.lines,
    accepted: intake.accepted,
    duplicates: intake.duplicates,
    rejected: intake.rejected,
    numbers: repeatable(intake.sortedNumbers),
    suppression,
    rejects: repeatable(intake.rejects),
    upload: {
      bytes: repeatable(intake.original),
      encoding: intake.originalEncoding,
      sha256: Buffer.from(intake.originalSha256, 'hex'),
      byteCount: intake.originalBytes,
      reading: {
        format: intake.format,
        ...(intake.header && { header: intake.header.map(storable) }),
        ...(intake.column && {
          column: {
            index: intake.column.index,
            ...(intake.column.name !== undefined && { name: storable(intake.column.name) }),
          },
        }),
      },
    },
  });
}

/** A transaction that met a deadlock is run again, and a generator that has ended would store nothing the second time. */
function repeatable<Item>(iterate: () => AsyncIterable<Item>): AsyncIterable<Item> {
  return { [Symbol.asyncIterator]: () => iterate()[Symbol.asyncIterator]() };
}

/** jsonb takes neither NUL nor half of a surrogate pair. */
function storable(text: string): string {
  return text.replaceAll('\0', '\u2400').toWellFormed();
}
