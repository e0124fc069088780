import type { DigitPattern } from './digit-pattern.ts';
import { anyDigit, parseDigitPattern } from './digit-pattern.ts';

type Node<Label> =
  | { readonly kind: 'step'; readonly digits: number; readonly next: number }
  | { readonly kind: 'split'; readonly next: readonly number[] }
  | { readonly kind: 'mark'; readonly label: Label; readonly stays: boolean };

/**
 * Many digit patterns followed at once (a nondeterministic automaton). A position is a sorted list of
 * nodes; a label shows at a position when its pattern has matched there: the whole of the digits, or,
 * for one added with `stays`, a beginning of them.
 */
export class PatternNetwork<Label> {
  readonly #nodes: Node<Label>[] = [];
  readonly #starts: number[] = [];

  add(source: string, label: Label, stays: boolean): void {
    const mark = this.#put({ kind: 'mark', label, stays });
    this.#starts.push(this.#build(parseDigitPattern(source), mark));
  }

  start(): number[] {
    return this.#close(this.#starts);
  }

  /** The position after one more digit; empty when no pattern can match any more. */
  step(position: readonly number[], digit: number): number[] {
    const reached: number[] = [];
    for (const at of position) {
      const node = this.#nodes[at];
      if (node?.kind === 'step' && (node.digits & (1 << digit)) !== 0) reached.push(node.next);
      if (node?.kind === 'mark' && node.stays) reached.push(at);
    }
    return this.#close(reached);
  }

  labels(position: readonly number[]): Label[] {
    return position.flatMap((at) => {
      const node = this.#nodes[at];
      return node?.kind === 'mark' ? [node.label] : [];
    });
  }

  #put(node: Node<Label>): number {
    return this.#nodes.push(node) - 1;
  }

  /** Builds backwards: each part is told where it leads. */
  #build(pattern: DigitPattern, next: number): number {
    switch (pattern.kind) {
      case 'step':
        return this.#put({ kind: 'step', digits: pattern.digits & anyDigit, next });
      case 'sequence':
        return pattern.parts.reduceRight((after, part) => this.#build(part, after), next);
      case 'choice':
        return this.#put({
          kind: 'split',
          next: pattern.options.map((option) => this.#build(option, next)),
        });
      case 'repeat': {
        let after = next;
        for (let count = pattern.max; count > 0; count -= 1) {
          const once = this.#build(pattern.part, after);
          after = count > pattern.min ? this.#put({ kind: 'split', next: [once, next] }) : once;
        }
        return after;
      }
      case 'end': {
        const node = this.#nodes[next];
        if (node?.kind !== 'mark') throw new Error('a digit pattern goes on after its $');
        return this.#put({ ...node, stays: false });
      }
    }
  }

  #close(from: readonly number[]): number[] {
    const seen = new Set<number>();
    const open = [...from];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      const node = this.#nodes[at];
      if (node?.kind === 'split') open.push(...node.next);
    }
    return [...seen]
      .filter((at) => this.#nodes[at]?.kind !== 'split')
      .sort((left, right) => left - right);
  }
}
