import {
  keyPageSchema,
  keySchema,
  newKeySchema,
  ownKeySchema,
  rotatedKeySchema,
} from '@rollcall/contract';
import { z } from 'zod';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { flag } from '../flags.ts';
import {
  leftText,
  limitFlags,
  type LimitOptions,
  limitsOf,
  limitsText,
  orNone,
} from '../key-limits.ts';
import { listFlags } from '../list-flags.ts';
import { plainText, timeText } from '../plain-text.ts';
import type { Run } from '../program.ts';
import { refuseTaken, saveFile } from '../save-file.ts';
import { type ListOptions, showList } from '../show-list.ts';

interface OutOptions {
  readonly out?: string;
  readonly force?: boolean;
}

interface CreateOptions extends OutOptions, LimitOptions {
  readonly name: string;
  readonly scopes: string;
  readonly expiresAt?: string;
}

interface RotateOptions extends OutOptions {
  readonly overlap?: number;
}

interface ChangeOptions extends LimitOptions {
  readonly name?: string;
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

  const create = keys
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
    .option('--expires-at <time>', 'from then on it opens nothing: 2030-01-01T00:00:00Z');
  outFlags(limitFlags(create, flag)).action(
    run(async (context, options: CreateOptions) => {
      const { out, force = false } = options;
      if (out !== undefined) await refuseTaken(out, force);
      const scopes = options.scopes.split(',').map((scope) => scope.trim());
      const { name, expiresAt: expires_at } = options;
      const { value, raw } = await context.api.ask(newKeySchema, 'POST', '/v1/keys', {
        body: JSON.stringify({ name, scopes, expires_at, ...limitsOf(options) }),
        signal: context.signal,
      });
      const what = `${value.id} may ${value.scopes.join(', ')}.`;
      await tellOnce(context, value.key, raw, what, options);
      return 'done';
    }),
  );

  const rotate = keys
    .command('rotate')
    .summary('make one that takes the place of another')
    .description(
      'Makes a key with the name, scopes and limits of another and prints it, the only time that anybody sees it. The old one still works for a ' +
        'day, or as long as --overlap says.',
    )
    .argument('<id>', 'a key, key_…', flag.id('key'))
    .option(
      '--overlap <seconds>',
      'how long the old one still works; 0 ends it at once',
      flag.whole(0, 2_592_000),
    );
  outFlags(rotate).action(
    run(async (context, id: string, options: RotateOptions) => {
      const { out, force = false, overlap: overlap_s } = options;
      if (out !== undefined) await refuseTaken(out, force);
      const path = `/v1/keys/${id}/rotate`;
      const { value, raw } = await context.api.ask(rotatedKeySchema, 'POST', path, {
        body: JSON.stringify({ overlap_s }),
        signal: context.signal,
      });
      const what = `${value.id} takes the place of ${id}, which ends at ${timeText(value.old_key_ends_at)}.`;
      await tellOnce(context, value.key, raw, what, options);
      return 'done';
    }),
  );

  const change = keys
    .command('change')
    .summary('change the name or the limits of one')
    .description(
      'Changes the name or the limits of a key; what is not given stays as it is, and none takes a limit away. What a key may do does not change: that is another key.',
    )
    .argument('<id>', 'a key, key_…', flag.id('key'))
    .option('--name <who>', 'who it is for', flag.filledIn);
  limitFlags(change, orNone).action(
    run(async ({ api, output, signal }, id: string, options: ChangeOptions) => {
      const { value, raw } = await api.ask(keySchema, 'PATCH', `/v1/keys/${id}`, {
        body: JSON.stringify({ name: options.name, ...limitsOf(options) }),
        signal,
      });
      if (output.json) await output.value(raw);
      else await output.line(plainText(`${value.id} (${value.name}): ${limitsText(value)}`));
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
    .description(
      'Shows the key that this program uses: its id, name and scopes, and what is left of its limits today.',
    )
    .action(
      run(async ({ api, output, signal }) => {
        const { value, raw } = await api.ask(ownKeySchema, 'GET', '/v1/key', { signal });
        if (output.json) await output.value(raw);
        else {
          const { id, name, tenant, scopes } = value;
          await output.line(plainText(`${id} (${name}) of ${tenant}: ${scopes.join(', ')}`));
          for (const line of leftText(value)) await output.line(line);
        }
        return 'done';
      }),
    );
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function outFlags(command: Command): Command {
  return command
    .option('--out <file>', 'write it there instead')
    .option('--force', 'replace the output file if it exists');
}

/** Shows a key, or writes it to a file that only its owner reads. */
async function tellOnce(
  { output }: Context,
  key: string,
  raw: unknown,
  what: string,
  { out, force = false }: OutOptions,
): Promise<void> {
  if (out !== undefined) await saveFile(out, once(Buffer.from(`${key}\n`)), { force });
  if (output.json) {
    const { key: _, ...rest } = raw as { key: string };
    await output.value(out === undefined ? raw : rest);
  } else if (out === undefined) await output.line(key);
  output.note(`${what} ${out === undefined ? 'It is not shown again.' : `It is in ${out}.`}`);
}
