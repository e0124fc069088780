import type { Command } from 'commander';
import { usageError } from './command-failed.ts';
import type { Context } from './context.ts';
import { flag } from './flags.ts';
import { piecesOf, receiveFile } from './receive-file.ts';

const formats = ['csv', 'ndjson', 'xlsx'] as const;
const shapes = ['results', 'upload'] as const;

export interface ExportOptions {
  readonly out?: string;
  readonly force?: boolean;
  readonly format?: (typeof formats)[number];
  readonly shape?: (typeof shapes)[number];
}

/** The flags of everything that writes a job's results to a file. */
export function exportFlags(command: Command): Command {
  return command
    .option('--out <file>', 'write the results there, whole or not at all; - for standard output')
    .option('--force', 'replace the output file if it exists')
    .option(
      '--format <format>',
      `${formats.join(', ')}; by the name of the file if absent, else csv`,
      flag.word(formats),
    )
    .option(
      '--shape <shape>',
      'results: a row a number; upload: your file with columns added',
      flag.word(shapes),
    );
}

/** For commands that write a file only where one is named. */
export function refuseFlagsWithoutOut({ out, format, shape, force }: ExportOptions): void {
  if (out !== undefined) return;
  const given = [
    ...(format === undefined ? [] : ['--format']),
    ...(shape === undefined ? [] : ['--shape']),
    ...(force === undefined ? [] : ['--force']),
  ];
  if (given.length > 0)
    throw usageError(
      `${given.join(' and ')} ${given.length === 1 ? 'goes' : 'go'} with --out FILE.`,
    );
}

/** The format asked for, or the one that the file's name ends in. */
export function formatOf({ format, out = '' }: ExportOptions): (typeof formats)[number] {
  const ending = /\.(\w+)$/.exec(out)?.[1]?.toLowerCase();
  const byName = formats.find((each) => each === ending);
  if (format !== undefined) return format;
  if (byName === undefined && ending === 'xls') {
    throw usageError('An .xls cannot be written: name the file .xlsx, .csv or .ndjson.');
  }
  return byName ?? 'csv';
}

/** Downloads a job's results to --out, or to standard output. */
export async function exportTo(
  context: Context,
  jobId: string,
  options: ExportOptions & {
    readonly outcome?: string;
    readonly latest?: boolean;
    readonly partial?: boolean;
  },
): Promise<void> {
  const { api, output, signal } = context;
  const { out = '-' } = options;
  const format = formatOf(options);
  const answer = await api.download(`/v1/jobs/${jobId}/export`, {
    query: {
      format,
      shape: options.shape,
      outcome: options.outcome,
      latest: options.latest,
      partial: options.partial,
    },
    headers: { accept: '*/*' },
    signal,
  });
  if (out === '-') return await output.bytes(piecesOf(context, answer), format);
  await receiveFile(context, out, piecesOf(context, answer), options.force === true);
}
