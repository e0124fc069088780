import { text } from 'node:stream/consumers';
import type { FastifyRequest } from 'fastify';
import { type CollectedNumbers, NumberCollector } from './numbers/number-collector.ts';

/** What a form can be at most; the vendors' own limit is 10,000,000 numbers. */
export const formLimits = {
  fileSize: 256 * 1024 * 1024,
  fieldSize: 64 * 1024 * 1024,
  fields: 50,
  files: 2,
  parts: 52,
};

/** A form's fields by name (each may come more than once) and the number list that its file part held. */
export interface Form {
  fields: Map<string, string[]>;
  file: { part: string; collected: CollectedNumbers } | undefined;
}

export type FormReading =
  | { outcome: 'read'; form: Form }
  | { outcome: 'too_large' }
  | { outcome: 'not_a_form' };

/**
 * Reads a multipart or urlencoded body as it streams by, the file part straight into numbers: file parts come before the
 * fields that say what they are, as in the vendors' own samples.
 */
export async function readForm(request: FastifyRequest): Promise<FormReading> {
  if (request.isMultipart()) return readMultipart(request);
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('application/x-www-form-urlencoded')) return readUrlencoded(request);
  return { outcome: 'not_a_form' };
}

async function readMultipart(request: FastifyRequest): Promise<FormReading> {
  const fields = new Map<string, string[]>();
  let file: Form['file'];
  try {
    for await (const part of request.parts({ limits: formLimits })) {
      if (part.type === 'field') append(fields, part.fieldname, String(part.value));
      else {
        const collector = new NumberCollector();
        const stream: AsyncIterable<Buffer> = part.file;
        for await (const bytes of stream) collector.push(bytes);
        file = { part: part.fieldname, collected: collector.finish() };
      }
    }
  } catch (error) {
    // The parser's own refusals: a limit, or a body that is not what its header says (also one that was cut off).
    const tooLarge = error instanceof Error && 'statusCode' in error && error.statusCode === 413;
    return { outcome: tooLarge ? 'too_large' : 'not_a_form' };
  }
  return { outcome: 'read', form: { fields, file } };
}

async function readUrlencoded(request: FastifyRequest): Promise<FormReading> {
  if (Number(request.headers['content-length'] ?? 0) > formLimits.fieldSize) {
    return { outcome: 'too_large' };
  }
  const fields = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(await text(request.raw))) {
    append(fields, name, value);
  }
  return { outcome: 'read', form: { fields, file: undefined } };
}

function append(fields: Map<string, string[]>, name: string, value: string): void {
  fields.set(name, [...(fields.get(name) ?? []), value]);
}
