import { type Answer, textAnswer } from '../answer.ts';

const reasons: Record<number, string> = {
  502: 'Bad Gateway',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
};

/** What stands in front of a vendor answers 502, 503 and 504 with a page of its own, not in the vendor's shape. */
export function gatewayPage(status: number): Answer | undefined {
  const reason = reasons[status];
  if (!reason) return undefined;
  const title = `${status} ${reason}`;
  return textAnswer(
    status,
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`,
    'text/html',
  );
}
