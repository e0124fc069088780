import type { Readable } from 'node:stream';

/** The upload itself broke: the caller went away, or its chunks or boundaries are wrong. Not an error of ours. */
export class UploadBroken extends Error {
  readonly code = 'upload_broken';
  constructor(cause: unknown) {
    super('the upload ended before it was whole', { cause });
  }
}

/**
 * A body's bytes as they come. Ending the iteration early leaves the stream alive, because a refusal is still to be
 * answered on the same connection.
 */
export async function* uploadBytes(stream: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
  } catch (cause) {
    throw new UploadBroken(cause);
  }
}
