import type { MultipartFile, MultipartValue } from '@fastify/multipart';
import { createJobOptionsSchema } from '@rollcall/contract';
import type { Intake } from '@rollcall/numbers';
import type { FastifyRequest } from 'fastify';
import { type Refusal, refuse } from '../refusal.ts';
import { fieldError, fieldErrors } from '../validation-errors.ts';
import type { IntakeLimits, JobRequestOutcome } from './read-outcome.ts';
import { readUpload } from './read-upload.ts';
import { UploadBroken, uploadBytes } from './upload-bytes.ts';

const fieldsMax = 20;
const fieldBytesMax = 4_096;
/** Without them the file cannot be read, and it is read while it arrives. */
const readingFields = ['default_region', 'column'] as const;
const readingSchema = createJobOptionsSchema
  .pick({ default_region: true, column: true })
  .partial()
  .loose();

/** Reads a multipart form: options as fields, the numbers as the file `file`, whose name is ignored. */
export async function readFormJob(
  request: FastifyRequest,
  limits: IntakeLimits,
): Promise<JobRequestOutcome> {
  // The parser of forms hears no end of a connection that ended before it listened.
  if (request.raw.destroyed) throw new UploadBroken(request.raw.errored);
  const parts = request.parts({
    limits: {
      fields: fieldsMax,
      fieldSize: fieldBytesMax,
      files: 2,
      parts: fieldsMax + 2,
      headerPairs: 20,
      // One byte more than may be read, so that the reader itself says what is too large.
      fileSize: limits.maxBytes + 1,
    },
  });
  const form = new JobForm(limits);
  try {
    for await (const part of wholeParts(parts)) {
      const refusal = await form.take(part);
      if (refusal) {
        await form.intake?.close();
        return refusal;
      }
    }
    return await form.finish();
  } catch (error) {
    await form.intake?.close();
    if (error instanceof UploadBroken && isTooManyParts(error.cause)) {
      const detail = `A form may have at most ${fieldsMax} fields and one file. Leave out what is no option of a job.`;
      return refuse('body_too_large', { detail });
    }
    throw error;
  }
}

function isTooManyParts(cause: unknown): boolean {
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  return code === 'FST_PARTS_LIMIT' || code === 'FST_FIELDS_LIMIT' || code === 'FST_FILES_LIMIT';
}

class JobForm {
  readonly #limits: IntakeLimits;
  readonly #fields: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  intake: Intake | undefined;

  constructor(limits: IntakeLimits) {
    this.#limits = limits;
  }

  /** Takes the next part; a refusal ends the form. */
  async take(part: MultipartFile | MultipartValue): Promise<Refusal | undefined> {
    return part.type === 'file' ? await this.#takeFile(part) : this.#takeField(part);
  }

  async finish(): Promise<JobRequestOutcome> {
    const parsed = createJobOptionsSchema.safeParse({ ...this.#fields });
    const errors = parsed.success ? [] : fieldErrors(parsed.error.issues, 'body', this.#fields);
    if (!this.intake) {
      const message = 'is required, as a file part: `-F file=@numbers.csv`';
      errors.push(fieldError('body', ['file'], message));
    }
    if (parsed.success && this.intake) {
      return { kind: 'read', options: parsed.data, intake: this.intake };
    }
    await this.intake?.close();
    return refuse('invalid_request', { errors });
  }

  async #takeFile(part: MultipartFile): Promise<Refusal | undefined> {
    const field = part.fieldname;
    if (field !== 'file') return invalid(field, 'is no file; the numbers go into the part `file`');
    if (this.intake) return invalid('file', 'send one file');
    const reading = readingSchema.safeParse({ ...this.#fields });
    if (!reading.success) {
      return refuse('invalid_request', {
        errors: fieldErrors(reading.error.issues, 'body', this.#fields),
      });
    }
    const read = await readUpload(uploadBytes(part.file), reading.data, this.#limits);
    if (read.kind === 'refused') return read;
    this.intake = read.intake;
    return undefined;
  }

  #takeField(part: MultipartValue): Refusal | undefined {
    const field = part.fieldname;
    if (field in this.#fields) return invalid(field, 'was given twice; keep one');
    if (part.valueTruncated) return invalid(field, `write at most ${fieldBytesMax} bytes`);
    this.#fields[field] = part.value;
    if (this.intake && readingFields.some((reading) => reading === field)) {
      const errors = [fieldError('body', [field], 'send it before the file')];
      return refuse('option_after_numbers', { errors });
    }
    return undefined;
  }
}

function invalid(field: string, message: string): Refusal {
  return refuse('invalid_request', { errors: [fieldError('body', [field], message)] });
}

/** What the parser of forms throws is the caller's doing: a broken boundary, too many parts, a connection that ended. */
async function* wholeParts(parts: AsyncIterable<MultipartFile | MultipartValue>) {
  const iterator = parts[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<MultipartFile | MultipartValue>;
    try {
      next = await iterator.next();
    } catch (error) {
      throw new UploadBroken(error);
    }
    if (next.done === true) return;
    yield next.value;
  }
}
