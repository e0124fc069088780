import { checkListSchema } from '@rollcall/contract';
import { formatMoney, parseMoney, priceOf } from '@rollcall/domain';
import type { Intake } from '@rollcall/numbers';
import { CommandFailed, failed, usageError } from './command-failed.ts';
import type { Context } from './context.ts';
import type { Ending } from './exit-codes.ts';
import { counted, grouped } from './plain-text.ts';
import { openUploadSource } from './upload-source.ts';

export interface DryRunOptions {
  readonly check: string;
  readonly account?: string;
  readonly column?: string;
  readonly defaultRegion?: string;
  readonly maxCost?: string;
}

/** As the API has them unless it is told otherwise; a server's own may be lower. */
const limits = { maxLines: 10_000_000, maxLineBytes: 65_536, maxBytes: 1_073_741_824 };

type Check = ReturnType<typeof checkListSchema.parse>['data'][number];
type Offer = Check['accounts'][number];

/**
 * Reads the list on this machine as the API would, asks it for limits and prices, and says what a job would be and cost. Nothing
 * of the list is sent. Ends as refused where the API would refuse the job.
 */
export async function dryRun(
  context: Context,
  file: string,
  options: DryRunOptions,
): Promise<Ending> {
  const { output } = context;
  // Loaded here alone: the numbering plans of the world take longer than most commands.
  const { readNumbers } = await import('@rollcall/numbers');
  await using source = await openUploadSource(file, context.stdin, context.signal);
  const read = await readNumbers(source.read(), {
    ...limits,
    column: options.column,
    defaultRegion: options.defaultRegion,
  });
  if (read.kind === 'refused') {
    const where = read.line === undefined ? '' : ` (line ${read.line})`;
    throw failed('refused', read.code, 'The list cannot be read', `${read.message}${where}`);
  }
  await using intake = read.intake;
  const counts = {
    lines: intake.lines,
    accepted: intake.accepted,
    duplicates: intake.duplicates,
    rejected: intake.rejected,
    reject_reasons: Object.fromEntries(intake.rejectReasons),
    ...(intake.column !== undefined && {
      column: intake.column.name ?? String(intake.column.index),
    }),
  };
  let offer: Offer;
  try {
    offer = await offerOf(context, options);
  } catch (error) {
    // What was read is worth having all the same.
    if (error instanceof CommandFailed && !output.json) {
      for (const line of countLines(intake)) await output.line(line);
    }
    throw error;
  }
  const cost = costOf(intake.accepted, offer);
  const refusals = refusalsOf(intake.accepted, cost, offer, options.maxCost);
  if (output.json) {
    await output.value({ counts, offer, cost, currency: offer.currency, refused: refusals });
  } else {
    for (const line of [...countLines(intake), ...offerLines(cost, offer), ...refusals]) {
      await output.line(line);
    }
    output.note('Nothing was sent.');
  }
  return refusals.length === 0 ? 'done' : 'refused';
}

async function offerOf({ api, signal }: Context, options: DryRunOptions): Promise<Offer> {
  const { value } = await api.ask(checkListSchema, 'GET', '/v1/checks', { signal });
  const check = value.data.find(({ name }) => name === options.check);
  if (!check) {
    throw usageError(
      `There is no check ${options.check}; there are ${value.data.map(({ name }) => name).join(', ')}.`,
    );
  }
  const account = options.account ?? check.default_account;
  const offer = check.accounts.find((each) => each.account === account);
  if (offer) return offer;
  const names = check.accounts.map((each) => each.account).join(', ');
  throw usageError(
    account === null
      ? `${options.check} has no default account: give --account with one of ${names}.`
      : `${account} does not offer ${options.check}; ${names} do.`,
  );
}

function costOf(numbers: number, offer: Offer): string {
  const price = parseMoney(offer.price_per_number);
  if (price === null) throw new Error('the API gave a price that is none');
  return formatMoney(priceOf(price, numbers));
}

function refusalsOf(
  numbers: number,
  cost: string,
  offer: Offer,
  maxCost: string | undefined,
): string[] {
  const [costs, may] = [parseMoney(cost), maxCost === undefined ? null : parseMoney(maxCost)];
  return [
    ...(numbers < offer.min_numbers
      ? [
          `It would be refused: ${offer.account} takes at least ${counted(offer.min_numbers, 'number')}.`,
        ]
      : []),
    ...(may !== null && costs !== null && costs > may
      ? [`It would be refused: it costs ${cost} ${offer.currency}, and --max-cost is ${maxCost}.`]
      : []),
  ];
}

function countLines(intake: Intake): string[] {
  const column =
    intake.column === undefined
      ? ''
      : `, numbers in column ${intake.column.name ?? intake.column.index}`;
  return [
    `lines       ${grouped(intake.lines)} (${intake.format}${column})`,
    `accepted    ${grouped(intake.accepted)}`,
    `duplicates  ${grouped(intake.duplicates)}`,
    `rejected    ${grouped(intake.rejected)}`,
    ...[...intake.rejectReasons].map(([reason, count]) => `  ${reason}: ${grouped(count)}`),
  ];
}

function offerLines(cost: string, offer: Offer): string[] {
  return [
    `account     ${offer.account}: ${grouped(offer.min_numbers)} to ${grouped(offer.max_numbers)} numbers an upload${offer.available ? '' : '; it takes nothing now'}`,
    `price       ${offer.price_per_number} ${offer.currency} a number`,
    `cost        ${cost} ${offer.currency}`,
  ];
}
