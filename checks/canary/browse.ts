const pagesMax = 200;

/** Reads all that a signed-in browser can come to from the dashboard: pages by their links, and the board's own JSON by its queues and jobs. */
export async function crawlDashboard(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<string[]> {
  const seen = new Set<string>();
  const waiting = [
    '/admin/queues',
    '/admin/queues/holds',
    '/admin/queues/api/queues',
    '/admin/login',
  ];
  const texts: string[] = [];
  while (waiting.length > 0 && seen.size < pagesMax) {
    const path = waiting.shift() ?? '';
    if (seen.has(path)) continue;
    seen.add(path);
    const response = await fetch(`${url}${path}`, { headers, redirect: 'manual' });
    const text = await response.text();
    // Scripts and styles of the board are the same for everybody.
    if (/javascript|css|image|font/.test(response.headers.get('content-type') ?? '')) continue;
    texts.push(path, [...response.headers].join('\n'), text);
    for (const [, link = ''] of text.matchAll(/(?:href|src|action)="(\/admin[^"#]*)"/g))
      waiting.push(link);
    if (path.startsWith('/admin/queues/api/queues') && response.ok) waiting.push(...inBoard(text));
  }
  return texts;
}

const statuses = ['completed', 'failed', 'waiting', 'active', 'delayed', 'prioritized', 'paused'];

/** The board asks for each queue by status, and for each job that it lists. */
function inBoard(text: string): string[] {
  const { queues = [] } = JSON.parse(text) as {
    readonly queues?: readonly {
      readonly name: string;
      readonly jobs?: readonly { readonly id: string }[];
    }[];
  };
  return queues.flatMap(({ name, jobs = [] }) => {
    const queue = encodeURIComponent(name);
    return [
      ...statuses.map(
        (status) =>
          `/admin/queues/api/queues?activeQueue=${queue}&status=${status}&page=1&jobsPerPage=100`,
      ),
      ...jobs
        .slice(0, 5)
        .flatMap(({ id }) => [
          `/admin/queues/api/queues/${queue}/${encodeURIComponent(id)}`,
          `/admin/queues/api/queues/${queue}/${encodeURIComponent(id)}/logs`,
        ]),
    ];
  });
}
