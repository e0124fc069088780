import type { Erasure } from '@rollcall/contract';
import { counted, grouped, plainText, timeText } from './plain-text.ts';

/** A receipt in lines. */
export function describeErasure(receipt: Erasure): string[] {
  const { id, state, reference, recipients, files } = receipt;
  return [
    `receipt   ${id} ${state}`,
    `asked     ${timeText(receipt.asked_at)} by ${receipt.asked_by} for ${receipt.requested_by}: ${receipt.reason}`,
    receipt.done_at === null
      ? `due       ${timeText(receipt.due_at)}`
      : `done      ${timeText(receipt.done_at)}`,
    `reference HMAC-SHA-256 under ${reference.secret}: ${reference.hmac_sha256}`,
    `removed   ${removedText(receipt)}`,
    ...(recipients.length === 0 ? ['sent to   nobody, as far as rows are kept'] : []),
    ...recipients.flatMap(({ account, provider, uploads }) => [
      `sent to   ${account} at ${provider}, in ${counted(uploads.length, 'upload')}`,
      ...uploads.map(({ chunk_id, sent_at }) => `          ${timeText(sent_at)} ${chunk_id}`),
    ]),
    ...files.map(
      ({ file, kind, state: became, new_sha256 }) =>
        `${kind.padEnd(9)} ${file} ${became}${new_sha256 === null ? '' : `, SHA-256 ${new_sha256}`}`,
    ),
  ].map(plainText);
}

/** In one line what came of it. */
export function endOf(receipt: Erasure): string {
  const accounts = [...new Set(receipt.recipients.map(({ account }) => account))];
  const told = accounts.length === 0 ? '' : ` It had been sent to ${accounts.join(', ')}.`;
  return `${receipt.id} is done: ${removedText(receipt)}; ${counted(receipt.files.length, 'file')} without it now.${told}`;
}

function removedText({ removed }: Erasure): string {
  const tables = Object.entries(removed).map(([table, rows]) => `${table} ${grouped(rows)}`);
  return tables.length === 0 ? 'no row' : tables.join(', ');
}
