import type { Fault } from './fault.ts';

const page = (title: string) =>
  `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
const html = (title: string, status: number) =>
  new Response(page(title), { status, headers: { 'Content-Type': 'text/html; charset=utf-8' } });
const json = (body: string) => new Response(body, { headers: { 'Content-Type': 'application/json' } });

/** What a host says that is still there but serves nothing any more. */
export const hostGone = (): Response => html('404 Not Found', 404);

/** The answer as this fault leaves it; faults that are not about the answer leave it as it is. */
export async function breakAnswer(fault: Fault, answer: Response): Promise<Response> {
  switch (fault.kind) {
    case 'server-error':
      return Response.json({ error: 'Internal Server Error' }, { status: fault.status });
    case 'html':
      return html('Application is starting', 200);
    case 'null-body':
      return json('null');
    case 'truncated': {
      const whole = await answer.text();
      return json(whole.slice(0, Math.ceil(whole.length / 2)));
    }
    case 'wrong-types':
      return answer.ok ? json(JSON.stringify(garbled(await answer.json()))) : answer;
    default:
      return answer;
  }
}

/** The same with an item in it whose fields are all of another type than they should be. */
function garbled(value: unknown): unknown {
  if (Array.isArray(value)) {
    // A pen without riders has nothing in it that could be wrong.
    const first = value.findIndex((item: { riders?: unknown[] } | null) => item?.riders?.length !== 0);
    return value.map((item, index) => (index === first ? garbled(item) : item));
  }
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value);
  const list = fields.find(([name]) => name === 'riders' || name === 'results');
  const wrong = (name: string, field: unknown) => (list?.[0] === name ? garbled(field) : field);
  return Object.fromEntries(fields.map(([name, field]) => [name, list ? wrong(name, field) : {}]));
}
