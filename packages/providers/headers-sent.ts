import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { bytesTaken } from './bytes-taken.ts';

/**
 * Watches whether the headers of one request left this process. undici publishes `undici:client:sendHeaders` right before
 * it writes to the socket, and publishes nothing where it never got that far (no DNS, refused, TLS failure, connect
 * time-out); measured with undici 8. `bodySent` proves nothing: it also comes for bytes that only reached a buffer.
 *
 * Several uploads run at once and the channels belong to the whole process, so the event is matched to our own request
 * object, which `undici:request:create` hands over while `dispatch` runs.
 */
export interface HeadersSentWatch {
  /** Runs `dispatch`, which must create its request synchronously, as a `Client` does (a `Pool` may queue). */
  during(dispatch: () => void): void;
  sent(): boolean;
  /** Of a body of so many bytes: how many the operating system has taken from us. At most so many arrived. */
  bodyTaken(body_bytes: number): number;
  stop(): void;
}

function requestOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'request' in message
    ? message.request
    : null;
}

export function watchHeadersSent(): HeadersSentWatch {
  let request: unknown = null;
  let sent: { readonly socket: Socket; readonly head_bytes: number } | null = null;
  const onCreate = (message: unknown) => {
    request = requestOf(message);
  };
  const onSendHeaders = (message: unknown) => {
    if (request === null || requestOf(message) !== request) return;
    const { socket, headers } = message as { readonly socket: Socket; readonly headers: string };
    sent = { socket, head_bytes: Buffer.byteLength(headers, 'latin1') };
  };
  subscribe('undici:client:sendHeaders', onSendHeaders);
  return {
    during(dispatch) {
      subscribe('undici:request:create', onCreate);
      try {
        dispatch();
      } finally {
        unsubscribe('undici:request:create', onCreate);
      }
      // Without the object nothing could ever match, and an upload would look unsent: stop rather than pay twice.
      if (request === null) throw new Error('undici did not publish undici:request:create');
    },
    sent: () => sent !== null,
    bodyTaken(body_bytes) {
      if (sent === null) return 0;
      // undici ends the head with this line, after it has told it.
      const head_bytes = sent.head_bytes + `content-length: ${body_bytes}\r\n\r\n`.length;
      return Math.min(body_bytes, Math.max(0, bytesTaken(sent.socket) - head_bytes));
    },
    stop: () => void unsubscribe('undici:client:sendHeaders', onSendHeaders),
  };
}
