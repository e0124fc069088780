/**
 * A wall clock that is wrong, for a worker that is started with `--import` of this file's URL. Its query is the course of the
 * clock: `?3600000` is so many milliseconds ahead from the start, `?0,-3600000` right until SIGUSR2 comes and an hour behind from then
 * on. As on a real machine whose time is set, the monotonic clock goes on as it was.
 */
const [atStart_ms = 0, afterJump_ms = atStart_ms] = new URL(import.meta.url).search
  .slice(1)
  .split(',')
  .map(Number);
let shift_ms = atStart_ms;
process.on('SIGUSR2', () => {
  shift_ms = afterJump_ms;
});
const RealDate = Date;

class ShiftedDate extends RealDate {
  constructor(...given: ConstructorParameters<typeof Date> | []) {
    if (given.length === 0) super(RealDate.now() + shift_ms);
    else super(...given);
  }

  static override now(): number {
    return RealDate.now() + shift_ms;
  }
}

// oxlint-disable-next-line no-restricted-globals -- what everything else calls Date is what is to be wrong
globalThis.Date = ShiftedDate as DateConstructor;
