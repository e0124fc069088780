/** Something that cannot be had, in words for the person who asked. */
export class CannotStart extends Error {
  readonly code = 'cannot_start';
}
