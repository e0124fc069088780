import { confirmAdoption, type PollClaim, type Transaction } from '@rollcall/db';
import { decideAdoption, type PollDecision, type Polled } from '@rollcall/domain';

export type Judged =
  | { readonly kind: 'settle'; readonly claim: PollClaim; readonly decision: PollDecision }
  /** The upload's own answer came after all: what another task says is nothing to it. */
  | { readonly kind: 'stale'; readonly decision: PollDecision };

/**
 * Where a person named the task of an unknown upload: compares what the provider says of it with what was sent, before any money
 * moves (design §6). What fits is settled as any other poll; what does not is held as unknown again, saying why.
 */
export async function judgeAdoption(
  tx: Transaction,
  claim: PollClaim,
  polled: Polled,
  decision: PollDecision,
  taskMadeAt_ms: number | null,
): Promise<Judged> {
  if (claim.adopting === null) return { kind: 'settle', claim, decision };
  const adoption = decideAdoption(polled, decision, { ...claim.adopting, taskMadeAt_ms });
  switch (adoption.kind) {
    case 'wait':
      return { kind: 'settle', claim, decision };
    case 'refuse':
      return { kind: 'settle', claim, decision: held(adoption.detail) };
    case 'confirm': {
      const confirmed = await confirmAdoption(tx, claim);
      if (confirmed.kind === 'stale') return { kind: 'stale', decision };
      if (confirmed.kind === 'confirmed') {
        return { kind: 'settle', claim: confirmed.claim, decision };
      }
      return { kind: 'settle', claim, decision: held('adopted_task_in_use') };
    }
  }
}

function held(detail: Extract<PollDecision, { reason: 'unknown' }>['detail']): PollDecision {
  return { kind: 'hold', reason: 'unknown', detail };
}
