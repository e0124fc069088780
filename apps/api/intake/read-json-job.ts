import { createJobFieldsSchema, createJobOptionsSchema } from '@rollcall/contract';
import { JsonSplitter } from '@rollcall/numbers';
import { type Refusal, refuse } from '../refusal.ts';
import { fieldError, fieldErrors } from '../validation-errors.ts';
import type { IntakeLimits, JobRequestOutcome } from './read-outcome.ts';
import { readUpload } from './read-upload.ts';

/** Everything but the numbers. */
const fieldBytesMax = 1 << 16;
const readingSchema = createJobOptionsSchema.pick({ default_region: true }).loose();

/**
 * Reads `{check, numbers: […], …}`, the array as a stream of any size. `default_region` has to stand before `numbers`,
 * because numbers are read while they arrive.
 */
export async function readJsonJob(
  body: AsyncIterable<Buffer>,
  limits: IntakeLimits,
): Promise<JobRequestOutcome> {
  const chunks = body[Symbol.asyncIterator]();
  const splitter = new JsonSplitter(fieldBytesMax);

  let first = Buffer.alloc(0);
  while (splitter.numbers === 'before') {
    const next = await chunks.next();
    if (next.done === true) return refuseWithoutNumbers(splitter);
    first = splitter.feed(next.value) as Buffer<ArrayBuffer>;
    if (splitter.tooLarge) return fieldsTooLarge();
  }

  const fieldsBefore = splitter.fieldsBefore();
  if (fieldsBefore === undefined) return noJson();
  const before = readingSchema.safeParse(fieldsBefore);
  if (!before.success) {
    return refuse('invalid_request', {
      errors: fieldErrors(before.error.issues, 'body', fieldsBefore),
    });
  }
  const read = await readUpload(numberBytes(first, chunks, splitter), before.data, limits, 'json');
  if (read.kind === 'refused') return read;

  const options = await readFieldsAfter(chunks, splitter, before.data.default_region).catch(
    async (error: unknown) => {
      await read.intake.close();
      throw error;
    },
  );
  if (options.kind === 'refused') {
    await read.intake.close();
    return options;
  }
  return { kind: 'read', options: options.options, intake: read.intake };
}

async function* numberBytes(
  first: Buffer,
  chunks: AsyncIterator<Buffer>,
  splitter: JsonSplitter,
): AsyncGenerator<Buffer> {
  yield first;
  while (splitter.numbers === 'inside') {
    const next = await chunks.next();
    // Cut off: the reader of the array says so.
    if (next.done === true) return;
    yield splitter.feed(next.value);
  }
}

async function readFieldsAfter(
  chunks: AsyncIterator<Buffer>,
  splitter: JsonSplitter,
  regionUsed: string | undefined,
) {
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    splitter.feed(next.value);
    if (splitter.tooLarge) return fieldsTooLarge();
  }
  const fields = splitter.fields();
  if (fields === undefined) return noJson();
  if (splitter.twice) {
    return refuse('malformed_request', { detail: 'The body holds `numbers` twice. Keep one.' });
  }
  const { numbers: _, ...others } = fields as Record<string, unknown>;
  const parsed = createJobFieldsSchema.safeParse(others);
  if (!parsed.success) {
    return refuse('invalid_request', { errors: fieldErrors(parsed.error.issues, 'body', others) });
  }
  if (parsed.data.default_region !== regionUsed) {
    const errors = [fieldError('body', ['default_region'], 'write it before `numbers`')];
    return refuse('option_after_numbers', { errors });
  }
  return { kind: 'options', options: parsed.data } as const;
}

/** No array under `numbers`: says so, beside what else is wrong. */
function refuseWithoutNumbers(splitter: JsonSplitter): Refusal {
  const fields = splitter.fields();
  if (fields === undefined) return noJson();
  if (Array.isArray(fields)) return bareArray();
  if (typeof fields !== 'object' || fields === null) {
    const errors = [fieldError('body', [], 'write an object with `check` and `numbers`')];
    return refuse('invalid_request', { errors });
  }
  const { numbers, ...others } = fields as Record<string, unknown>;
  const parsed = createJobFieldsSchema.safeParse(others);
  const message =
    numbers === undefined ? 'is required' : 'write an array of texts or whole numbers';
  const errors = [
    ...(parsed.success ? [] : fieldErrors(parsed.error.issues, 'body', others)),
    fieldError('body', ['numbers'], message),
  ];
  return refuse('invalid_request', { errors });
}

/** What somebody sends who has a file of JSON: it is a file like any other, and is told so by its content type. */
export function bareArray(): Refusal {
  const message =
    'an array needs Content-Type application/octet-stream (or text/plain), with the options in the query string; application/json is an object with `numbers`';
  return refuse('invalid_request', { errors: [fieldError('body', [], message)] });
}

function noJson(): Refusal {
  return refuse('malformed_request', { detail: 'The body is no JSON.' });
}

function fieldsTooLarge(): Refusal {
  const detail = `Everything but \`numbers\` may take at most ${fieldBytesMax} bytes. Numbers belong in an array under \`numbers\`, or in a file.`;
  return refuse('body_too_large', { detail });
}
