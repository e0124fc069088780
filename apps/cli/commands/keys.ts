import { keyPageSchema, newKeySchema, ownKeySchema } from '@rollcall/contract';
import { z } from 'zod';
import type { Command } from 'commander';
import { flag } from '../flags.ts';
import { listFlags } from '../list-flags.ts';
import { plainText, timeText } from '../plain-text.ts';
import type { Run } from '../program.ts';
import { refuseTaken, saveFile } from '../save-file.ts';
import { type ListOptions, showList } from '../show-list.ts';

interface CreateOptions {
  readonly name: string;
  readonly scopes: string;
  readonly expiresAt?: string;
  readonly out?: string;
  readonly force?: boolean;
}

export function keysCommand(keys: Command, run: Run): void {
  keys.description('Lists the API keys. A key itself is shown once, when it is made.');
  listFlags(keys).action(
    run(async (context, options: ListOptions) => {
      await showList(
        context,
        {
          schema: keyPageSchema,
          path: '/v1/keys',
          query: {},
          page_max: 100,
          headings: ['id', 'scopes', 'created', 'last used', 'expires', 'revoked', 'name'],
          lessImportant: ['created', 'revoked', 'expires', 'last used', 'scopes'],
          row: (key) => [
            key.id,
            key.scopes.join(','),
            timeText(key.created_at),
            timeText(key.last_used_at),
            timeText(key.expires_at),
            timeText(key.revoked_at),
            key.name,
          ],
          none: 'There are no keys.',
        },
        options,
      );
      return 'done';
    }),
  );

  keys
    .command('create')
    .summary('make one, and show it this once')
    .description(
      'Makes an API key and prints it, the only time that anybody sees it; or writes it to a file that only you read.',
    )
    .requiredOption('--name <who>', 'who it is for')
    .requiredOption(
      '--scopes <scopes>',
      'separated by commas: jobs:write, jobs:read, results:read, holds:resolve, approvals:write, admin',
    )
    .option('--expires-at <time>', 'from then on it opens nothing: 2030-01-01T00:00:00Z')
    .option('--out <file>', 'write it there instead')
    .option('--force', 'replace the output file if it exists')
    .action(
      run(async ({ api, output, signal }, options: CreateOptions) => {
        const { out, force = false } = options;
        if (out !== undefined) await refuseTaken(out, force);
        const scopes = options.scopes.split(',').map((scope) => scope.trim());
        const { value, raw } = await api.ask(newKeySchema, 'POST', '/v1/keys', {
          body: JSON.stringify({ name: options.name, scopes, expires_at: options.expiresAt }),
          signal,
        });
        if (out !== undefined) await saveFile(out, once(Buffer.from(`${value.key}\n`)), { force });
        if (output.json) {
          const { key: _, ...rest } = raw as { key: string };
          await output.value(out === undefined ? raw : rest);
        } else if (out === undefined) await output.line(value.key);
        output.note(
          `${value.id} may ${value.scopes.join(', ')}. ${out === undefined ? 'It is not shown again.' : `It is in ${out}.`}`,
        );
        return 'done';
      }),
    );

  keys
    .command('revoke')
    .summary('end one')
    .description('Ends a key: from now on it opens nothing.')
    .argument('<id>', 'a key, key_…', flag.id('key'))
    .action(
      run(async ({ api, output, signal }, id: string) => {
        await api.ask(z.null(), 'DELETE', `/v1/keys/${id}`, { signal });
        if (output.json) await output.value({ id, revoked: true });
        else await output.line(`${id} is revoked.`);
        return 'done';
      }),
    );

  keys
    .command('me')
    .summary('show which key this is')
    .description('Shows the key that this program uses: its id, name and scopes.')
    .action(
      run(async ({ api, output, signal }) => {
        const { value, raw } = await api.ask(ownKeySchema, 'GET', '/v1/key', { signal });
        if (output.json) await output.value(raw);
        else
          await output.line(
            plainText(`${value.id} (${value.name}) of ${value.tenant}: ${value.scopes.join(', ')}`),
          );
        return 'done';
      }),
    );
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
