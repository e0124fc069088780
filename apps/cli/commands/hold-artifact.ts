import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import type { Answer } from '../api.ts';
import { failed } from '../command-failed.ts';
import { flag } from '../flags.ts';
import type { Run } from '../program.ts';
import { piecesOf, receiveFile } from '../receive-file.ts';
import { refuseTaken } from '../save-file.ts';

interface ArtifactOptions {
  readonly out: string;
  readonly force?: boolean;
}

export function holdArtifactCommand(holds: Command, run: Run): void {
  holds
    .command('artifact')
    .summary('save its result file, as it came')
    .description(
      'Saves the result file of a held upload byte for byte as the provider sent it. It holds numbers, and may be anything.',
    )
    .argument('<id>', 'a held chunk, chk_…', flag.id('chk'))
    .requiredOption('--out <file>', 'write it there, whole or not at all', flag.filledIn)
    .option('--force', 'replace the output file if it exists')
    .action(
      run(async (context, id: string, { out, force = false }: ArtifactOptions) => {
        const { api, output, signal } = context;
        await refuseTaken(out, force);
        const headers = { accept: '*/*' };
        const answer = await api.download(`/v1/holds/${id}/artifact`, { headers, signal });
        const { pieces, sha256 } = compared(piecesOf(context, answer), answer);
        await receiveFile(context, out, pieces, force);
        if (output.json) await output.value({ file: out, sha256: sha256() });
        else output.note(`SHA-256 ${sha256()}`);
        return 'done';
      }),
    );
}

/** The pieces, which end in an error where they are not those that the API has the digest of. */
function compared(pieces: AsyncIterable<Uint8Array>, { headers }: Answer) {
  const hash = createHash('sha256');
  let digest = Buffer.alloc(0);
  async function* hashed() {
    for await (const piece of pieces) {
      hash.update(piece);
      yield piece;
    }
    digest = hash.digest();
    if (headers['repr-digest'] === `sha-256=:${digest.toString('base64')}:`) return;
    throw failed(
      'unreachable',
      'digest_differs',
      'The file did not arrive as it is kept',
      'Its SHA-256 is not the one that the API names; nothing was written.',
      ['Run the command again; a proxy in between may have changed it.'],
    );
  }
  return { pieces: hashed(), sha256: () => digest.toString('hex') };
}
