import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { usageError } from '../command-failed.ts';
import { createJob } from '../create-job.ts';
import { type Context, Interrupted } from '../context.ts';
import { dryRun } from '../dry-run.ts';
import type { Ending } from '../exit-codes.ts';
import {
  exportTo,
  type ExportOptions,
  exportFlags,
  formatOf,
  refuseFlagsWithoutOut,
} from '../export-to.ts';
import { flag } from '../flags.ts';
import { describeJob } from '../job-view.ts';
import { bytesText, counted } from '../plain-text.ts';
import { openProgressDisplay } from '../progress-display.ts';
import type { Run } from '../program.ts';
import { refuseLackingScopes, scopesToWait } from '../refuse-lacking-scopes.ts';
import { refuseTaken } from '../save-file.ts';
import { openUploadSource } from '../upload-source.ts';
import { howToComeBack, watchJob } from '../watch-job.ts';

export interface CheckOptions extends ExportOptions {
  readonly check: string;
  readonly account?: string;
  readonly column?: string;
  readonly defaultRegion?: string;
  readonly name?: string;
  readonly purpose?: string;
  readonly requestedBy?: string;
  readonly priority?: number;
  readonly maxCost?: string;
  readonly idempotencyKey?: string;
  readonly retries: number;
  readonly wait?: boolean;
  readonly dryRun?: boolean;
}

export function checkCommand(command: Command, run: Run): void {
  command
    .description(
      'Sends a list of numbers (txt, csv, tsv, xlsx or a JSON array; plain or gzip) and prints the id of its job.',
    )
    .argument('<file>', 'the list; - for standard input')
    .requiredOption('--check <name>', 'what to ask, e.g. telegram; `rollcall checks` lists them')
    .option('--account <id>', "who answers; the check's default account if absent")
    .option(
      '--column <column>',
      'csv, tsv, xlsx: the column of the numbers, by name or position from 1',
    )
    .option('--default-region <region>', 'two letters: how numbers without a country code are read')
    .option('--name <name>', 'a name of your own')
    .option(
      '--purpose <why>',
      '(required) why these numbers are checked: they are personal data',
      flag.filledIn,
    )
    .option('--requested-by <who>', '(required) the person or system that asks', flag.filledIn)
    .option('--priority <n>', '-100 to 100, higher goes first', flag.whole(-100, 100))
    .option('--max-cost <amount>', 'most that the job may spend', flag.amount)
    .option(
      '--idempotency-key <key>',
      'repeat an earlier command safely: the same key is the same job',
    )
    .option('--retries <n>', 'how often a lost upload is sent again', flag.whole(0, 100), 5)
    .option('--dry-run', 'read the file here, send nothing, say what it would cost')
    .option('--wait', 'stay until the job is closed, with its progress');
  exportFlags(command).action(
    run((context, file: string, options: CheckOptions) =>
      options.dryRun ? dryRun(context, file, options) : check(context, file, options),
    ),
  );
}

async function check(context: Context, file: string, options: CheckOptions): Promise<Ending> {
  const { output } = context;
  const { out } = options;
  const waits = options.wait === true || out !== undefined;
  refuseUnsaid(options);
  refuseFlagsWithoutOut(options);
  formatOf(options);
  if (out !== undefined && out !== '-') await refuseTaken(out, options.force === true);
  if (waits) await refuseLackingScopes(context, scopesToWait(out));
  const idempotencyKey = options.idempotencyKey ?? randomUUID();

  const { job, raw, replayed } = await upload(context, file, options, idempotencyKey);
  if (replayed) output.note('This job was made by an earlier try with the same Idempotency-Key.');
  if (!waits) {
    if (output.json) await output.value(raw);
    else await output.line(job.id);
    if (output.isTerminal) for (const line of describeJob(job).slice(1)) output.note(line);
    output.note(howToComeBack(job.id, 'The job is stored and runs.'));
    return 'done';
  }
  // Where results go to standard output, nothing else does.
  if (!output.json && out !== '-') await output.line(job.id);
  output.note(`${counted(job.counts.accepted, 'number')} at ${job.account}`);
  const watched = await watchJob(context, job.id);
  if (out !== undefined && watched.ending !== 'personNeeded' && watched.job.state !== 'failed') {
    await exportTo(context, job.id, options);
  } else if (out !== undefined) {
    output.note(
      `Nothing was written to ${out}. When the job is closed: rollcall export ${job.id} --out ${out}`,
    );
  }
  if (output.json && out !== '-') await output.value(watched.job);
  return watched.ending;
}

/** What the API asks for with every list; a dry run sends none. */
function refuseUnsaid({ purpose, requestedBy }: CheckOptions): void {
  const lacking = [
    ...(purpose === undefined ? ['--purpose WHY'] : []),
    ...(requestedBy === undefined ? ['--requested-by WHO'] : []),
  ];
  if (lacking.length === 0) return;
  throw usageError(`Give ${lacking.join(' and ')}: numbers are personal data. Nothing was sent.`);
}

async function upload(
  context: Context,
  file: string,
  options: CheckOptions,
  idempotencyKey: string,
) {
  const { output, stdin, signal } = context;
  const display = openProgressDisplay(
    output.err,
    output.json ? 'silent' : output.drawsProgress ? 'bar' : 'lines',
  );
  let sentWhole = false;
  try {
    await using source = await openUploadSource(file, stdin, signal, (bytes) =>
      display.show(null, `reading standard input: ${bytesText(bytes)}`),
    );
    async function* counting() {
      let sent = 0;
      for await (const piece of source.read()) {
        // Before its last piece leaves, and for good: a try that was sent whole may have made the job, whatever later ones do.
        sentWhole ||= sent + piece.byteLength === source.bytes;
        yield piece;
        sent += piece.byteLength;
        const text =
          sent === source.bytes ? 'sent; the API sorts and stores the numbers …' : 'uploading';
        display.show(
          sent / source.bytes,
          `${bytesText(sent)} of ${bytesText(source.bytes)} ${text}`,
        );
      }
    }
    return await createJob(context, {
      path: '/v1/jobs',
      idempotencyKey,
      retries_max: options.retries,
      say: (text) => display.say(text),
      request: () => ({
        query: {
          check: options.check,
          purpose: options.purpose,
          requested_by: options.requestedBy,
          name: options.name,
          account: options.account,
          column: options.column,
          default_region: options.defaultRegion?.toUpperCase(),
          priority: options.priority,
          max_cost: options.maxCost,
        },
        headers: {
          'content-type': 'application/octet-stream',
          'content-length': String(source.bytes),
        },
        body: counting(),
      }),
    });
  } catch (error) {
    display.end();
    if (error instanceof Interrupted) {
      output.note(
        sentWhole
          ? `The list had been sent; whether its job was made is not known. The same command with --idempotency-key ${idempotencyKey} gives it, and makes no second one.`
          : 'The upload was broken off. Nothing was stored, and no job was made.',
      );
    }
    throw error;
  } finally {
    display.end();
  }
}
