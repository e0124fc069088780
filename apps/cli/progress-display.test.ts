import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { barLine, openProgressDisplay } from './progress-display.ts';

function displayed(mode: 'bar' | 'lines' | 'silent') {
  const stream = new PassThrough();
  let text = '';
  stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  let now_ms = 0;
  const display = openProgressDisplay(stream, mode, () => now_ms);
  return { display, text: () => text, pass: (duration_ms: number) => (now_ms += duration_ms) };
}

test('a bar shows how far it is, never wider than the terminal, and never fuller than it is', () => {
  expect(barLine(0.5, '5/10', 60)).toBe('████████████░░░░░░░░░░░░  50.0% 5/10');
  expect(barLine(0.99999, '', 60)).toContain(' 99.9%');
  expect(barLine(0.99999, '', 60)).toContain('░');
  expect(barLine(0.5, 'much text', 35)).toBe('████████████░░░░░░░░░░░░  50.0% mu…');
});

test('on a terminal it is redrawn in place, and what is said stands above it', () => {
  const { display, text, pass } = displayed('bar');
  display.show(0, 'a');
  display.show(0.5, 'too soon to be drawn');
  pass(200);
  display.show(1, 'b');
  display.say('hello');
  display.end();
  display.end();
  expect(text()).not.toContain('too soon');
  expect(text().split('\n')).toHaveLength(3);
  expect(text()).toMatch(/\r\u001b\[2Khello\n\r\u001b\[2K█+ 100\.0% b\r\u001b\[2K█+ 100\.0% b\n$/);
});

test('elsewhere it is a line at most every ten seconds, and none that says the same again', () => {
  const { display, text, pass } = displayed('lines');
  for (const [after_ms, fraction] of [
    [9_000, 0],
    [2_000, 0.1],
    [9_000, 0.2],
    [2_000, 0.3],
    [20_000, 0.3],
  ] as const) {
    pass(after_ms);
    display.show(fraction, 'x');
  }
  expect(text()).toBe(' 10.0% x\n 30.0% x\n');
});

test('where JSON is asked for it says nothing', () => {
  const { display, text } = displayed('silent');
  display.show(0, 'x');
  display.say('y');
  display.end();
  expect(text()).toBe('');
});
