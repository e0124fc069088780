/**
 * A wall clock that is wrong, for a worker that is started with `--import` of this file's URL. Its query is the course of the
 * clock as `<after milliseconds>:<shift milliseconds>,…`: `?0:3600000` is an hour ahead from the start, `?0:0,4000:-3600000`
 * jumps back by an hour after four seconds. As on a real machine whose time is set, the monotonic clock goes on as it was.
 */
const course = new URL(import.meta.url).search
  .slice(1)
  .split(',')
  .map((step) => step.split(':').map(Number));
const RealDate = Date;

function shift_ms(): number {
  const due = course.filter(([after_ms = 0]) => after_ms <= performance.now());
  return due.at(-1)?.[1] ?? 0;
}

class ShiftedDate extends RealDate {
  constructor(...given: ConstructorParameters<typeof Date> | []) {
    if (given.length === 0) super(RealDate.now() + shift_ms());
    else super(...given);
  }

  static override now(): number {
    return RealDate.now() + shift_ms();
  }
}

// oxlint-disable-next-line no-restricted-globals -- what everything else calls Date is what is to be wrong
globalThis.Date = ShiftedDate as DateConstructor;
