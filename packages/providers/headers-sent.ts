import { subscribe, unsubscribe } from 'node:diagnostics_channel';

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
  stop(): void;
}

function requestOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'request' in message
    ? message.request
    : null;
}

export function watchHeadersSent(): HeadersSentWatch {
  let request: unknown = null;
  let sent = false;
  const onCreate = (message: unknown) => {
    request = requestOf(message);
  };
  const onSendHeaders = (message: unknown) => {
    if (request !== null && requestOf(message) === request) sent = true;
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
    sent: () => sent,
    stop: () => void unsubscribe('undici:client:sendHeaders', onSendHeaders),
  };
}
