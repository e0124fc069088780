import { checkListSchema } from '@rollcall/contract';
import type { Command } from 'commander';
import { grouped } from '../plain-text.ts';
import type { Run } from '../program.ts';

export function checksCommand(command: Command, run: Run): void {
  command
    .description(
      'Lists what can be asked of a number: by which accounts, at what price. * marks the account that answers if none is named.',
    )
    .action(
      run(async ({ api, output, signal }) => {
        const { value, raw } = await api.ask(checkListSchema, 'GET', '/v1/checks', { signal });
        if (output.json) {
          await output.value(raw);
          return 'done';
        }
        await output.table(
          [
            ['check', 'account', 'price', 'currency', 'at least', 'at most', 'now'],
            ...value.data.flatMap(({ name, default_account, accounts }) =>
              accounts.map((offer) => [
                name,
                `${offer.account}${offer.account === default_account ? '*' : ''}`,
                offer.price_per_number,
                offer.currency,
                grouped(offer.min_numbers),
                grouped(offer.max_numbers),
                offer.paused ? 'paused' : offer.available ? 'available' : 'not available',
              ]),
            ),
          ],
          { lessImportant: ['at most', 'currency', 'at least'] },
        );
        return 'done';
      }),
    );
}
