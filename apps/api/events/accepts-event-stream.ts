/**
 * Whether an Accept header (RFC 9110, 12.5.1) admits an event stream: the most specific range that covers it decides, and q=0 refuses.
 */
export function acceptsEventStream(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  const ranges = new Map(
    accept.split(',').map((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      return [type, parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))];
    }),
  );
  for (const type of ['text/event-stream', 'text/*', '*/*']) {
    const isRefused = ranges.get(type);
    if (isRefused !== undefined) return !isRefused;
  }
  return false;
}
