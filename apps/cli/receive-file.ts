import type { Answer } from './api.ts';
import { lost, unreachable } from './api.ts';
import type { Context } from './context.ts';
import { bytesText } from './plain-text.ts';
import { openProgressDisplay } from './progress-display.ts';
import { saveFile } from './save-file.ts';

/** The bytes of a download as they come. Throws CommandFailed where it breaks off, and the signal's reason. */
export async function* piecesOf(
  { api, signal }: Context,
  answer: Answer,
): AsyncGenerator<Uint8Array> {
  const body = answer.body[Symbol.asyncIterator]();
  for (;;) {
    const next = await body.next().catch((error: unknown) => {
      if (signal.aborted) throw signal.reason;
      throw unreachable(api.url, lost(error));
    });
    if (next.done) return;
    yield next.value as Uint8Array;
  }
}

/** Writes a download to a file that is whole or not there, and says so. */
export async function receiveFile(
  { output }: Context,
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  force: boolean,
): Promise<void> {
  const display = openProgressDisplay(
    output.err,
    output.json ? 'silent' : output.drawsProgress ? 'bar' : 'lines',
  );
  try {
    const bytes = await saveFile(path, pieces, {
      force,
      onBytes: (written) => display.show(null, `${path}: ${bytesText(written)}`),
    });
    display.end();
    output.note(`Wrote ${path} (${bytesText(bytes)}).`);
  } finally {
    display.end();
  }
}
