import type { CancelledJob } from '@rollcall/contract';
import type { Cancellation } from '@rollcall/db';
import { formatMoney, type Money, priceOf } from '@rollcall/domain';
import { shortAmount } from './job-view.ts';

/** `pricePerNumber` as configured now, or null where nobody offers the check any more. */
export function cancellationOf(
  figures: Cancellation,
  pricePerNumber: Money | null,
): CancelledJob['cancellation'] {
  return {
    chunks_cancelled: figures.chunks_cancelled,
    numbers_cancelled: figures.numbers_cancelled,
    numbers_in_flight: figures.numbers_in_flight,
    numbers_answered: figures.numbers_answered,
    money: {
      currency: figures.currency,
      paid: shortAmount(figures.paid),
      may_still_be_charged: shortAmount(figures.may_still_be_charged),
      released:
        pricePerNumber === null
          ? null
          : formatMoney(priceOf(pricePerNumber, figures.numbers_cancelled)),
      at_risk: shortAmount(figures.at_risk),
      written_off: shortAmount(figures.written_off),
    },
  };
}
