import type { Stream } from './output.ts';

/** A line that tells how far something is: redrawn in place on a terminal, now and then a line of its own elsewhere. */
export interface ProgressDisplay {
  /** `fraction` from 0 to 1; null draws no bar. */
  show(fraction: number | null, text: string): void;
  /** Says something above the bar, or as a line. */
  say(text: string): void;
  /** Leaves the terminal as it was. May be called again. */
  end(): void;
}

const redrawEvery_ms = 100;
const lineEvery_ms = 10_000;
const bar_columns = 24;
const eraseLine = '\r\u001b[2K';

export function openProgressDisplay(
  stream: Stream,
  mode: 'bar' | 'lines' | 'silent',
  now_ms: () => number = () => performance.now(),
): ProgressDisplay {
  if (mode === 'silent') return { show() {}, say() {}, end() {} };
  return mode === 'bar' ? bar(stream, now_ms) : lines(stream, now_ms);
}

function bar(stream: Stream, now_ms: () => number): ProgressDisplay {
  let drawn = '';
  let drawnAt = Number.NEGATIVE_INFINITY;
  let latest = '';
  let ended = false;
  const draw = (line: string) => {
    stream.write(`${eraseLine}${line}`);
    drawn = line;
    drawnAt = now_ms();
  };
  return {
    show(fraction, text) {
      if (ended) return;
      latest = barLine(fraction, text, (stream.columns ?? 80) - 1);
      if (latest !== drawn && now_ms() - drawnAt >= redrawEvery_ms) draw(latest);
    },
    say(text) {
      stream.write(`${drawn === '' ? '' : eraseLine}${text}\n`);
      if (!ended && latest !== '') draw(latest);
    },
    end() {
      if (ended) return;
      ended = true;
      // The last state stays to be read.
      if (latest !== '') stream.write(`${eraseLine}${latest}\n`);
    },
  };
}

function lines(stream: Stream, now_ms: () => number): ProgressDisplay {
  // What is done sooner needs no line.
  let shownAt = now_ms();
  let shown = '';
  return {
    show(fraction, text) {
      const line = `${fraction === null ? '' : `${percentOf(fraction)} `}${text}`;
      if (line === shown || now_ms() - shownAt < lineEvery_ms) return;
      shownAt = now_ms();
      shown = line;
      stream.write(`${line}\n`);
    },
    say: (text) => void stream.write(`${text}\n`),
    end() {},
  };
}

/** The bar and its text, never wider than the terminal: a line that wraps cannot be redrawn in place. */
export function barLine(fraction: number | null, text: string, columns: number): string {
  const parts = fraction === null ? text : `${drawBar(fraction)} ${percentOf(fraction)} ${text}`;
  const characters = Array.from(parts);
  return characters.length <= columns ? parts : `${characters.slice(0, columns - 1).join('')}…`;
}

function drawBar(fraction: number): string {
  const full = Math.min(bar_columns, Math.floor(fraction * bar_columns));
  return `${'█'.repeat(full)}${'░'.repeat(bar_columns - full)}`;
}

function percentOf(fraction: number): string {
  return `${(Math.floor(fraction * 1_000) / 10).toFixed(1).padStart(5)}%`;
}
