import { type BudgetName, budgetNames } from '@paceline/shared/definition';
import { z } from 'zod';
import type { NamedWait } from './dialect.ts';

const faultKinds = [
  'delay',
  'hang',
  'reset',
  'server-error',
  'html',
  'truncated',
  'null-body',
  'data-null',
  'not-found-message',
  'empty-list',
  'short-list',
  'wrong-types',
  'host-gone',
] as const;
export type UpstreamFaultKind = (typeof faultKinds)[number];

/** A fault that affects the next `times` requests of a budget, or of any budget. */
export const fault = z.strictObject({
  kind: z.enum(faultKinds),
  budget: z.enum(budgetNames).optional(),
  times: z.int().positive().default(1),
  /** For `delay`: project ms in addition to the latency. */
  ms: z.number().nonnegative().default(60_000),
  /** For `server-error` (default 503) and `html` (default 200). */
  status: z.int().min(200).max(599).optional(),
  /** For `server-error` and `html`: the `Retry-After` in seconds of project time, in the dialect's form. */
  retryAfter: z.number().nonnegative().optional(),
});
export type UpstreamFault = z.output<typeof fault>;
/** A fault before its defaults are filled in. */
export type UpstreamFaultInput = z.input<typeof fault>;

export type FaultQueue = ReturnType<typeof createFaultQueue>;

export function createFaultQueue() {
  let queue: UpstreamFault[] = [];
  const takeFirst = (
    matches: (fault: UpstreamFault) => boolean,
    budget: BudgetName | null,
  ): UpstreamFault | undefined => {
    const taken = queue.find((each) => matches(each) && (each.budget ?? budget) === budget);
    queue = queue
      .map((each) => (each === taken ? { ...each, times: each.times - 1 } : each))
      .filter(({ times }) => times > 0);
    return taken;
  };
  return {
    add: (added: UpstreamFault) => void queue.push(added),
    /** Takes the first fault that affects this request, if any. */
    take: (budget: BudgetName) => takeFirst(({ kind }) => kind !== 'host-gone', budget),
    /** Like `take`, for the one fault that applies before the key is checked. */
    takeHostGone: (budget: BudgetName | null) => takeFirst(({ kind }) => kind === 'host-gone', budget),
    pending: (): readonly UpstreamFault[] => queue,
    clear: () => {
      queue = [];
    },
  };
}

const page = (title: string) =>
  `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
const html = (title: string, status: number, headers = {}) =>
  new Response(page(title), {
    status,
    headers: { 'Content-Type': 'text/html; charset=utf-8', ...headers },
  });
const json = (body: string) => new Response(body, { headers: { 'Content-Type': 'application/json' } });

/** The response of a host that no longer serves the API. */
export const hostGone = (): Response => html('404 Not Found', 404);

/** Applies a fault to a response. Faults of the connection or the timing leave it unchanged. @param wait that it names */
export async function breakResponse(
  { kind, status }: UpstreamFault,
  response: Response,
  wait?: NamedWait,
): Promise<Response> {
  switch (kind) {
    case 'server-error':
      return Response.json(
        { error: 'Internal Server Error', ...wait?.fields },
        { status: status ?? 503, headers: wait?.headers ?? {} },
      );
    case 'html':
      return html('Application is starting', status ?? 200, wait?.headers);
    case 'null-body':
      return json('null');
    case 'data-null':
      return json('{"data":null}');
    case 'not-found-message':
      return json('{"message":"Rider not found"}');
    case 'empty-list':
    case 'short-list':
      return response.ok ? json(JSON.stringify(shortened(await response.json(), kind))) : response;
    case 'truncated': {
      const whole = await response.text();
      return json(whole.slice(0, Math.ceil(whole.length / 2)));
    }
    case 'wrong-types':
      return response.ok ? json(JSON.stringify(garbled(await response.json()))) : response;
    default:
      return response;
  }
}

/** Returns a copy whose lists of riders, events or results are empty, or end after a tenth of their items. */
function shortened(value: unknown, kind: 'empty-list' | 'short-list'): unknown {
  if (Array.isArray(value)) {
    const arePens = value.some((item: { riders?: unknown } | null) => Array.isArray(item?.riders));
    if (arePens) return value.map((pen) => shortened(pen, kind));
    return kind === 'empty-list' ? [] : value.slice(0, Math.ceil(value.length / 10));
  }
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value);
  return Object.fromEntries(
    fields.map(([name, field]) => [
      name,
      name === 'riders' || name === 'results' ? shortened(field, kind) : field,
    ]),
  );
}

/** Returns a copy in which one item has all fields of a wrong type. */
function garbled(value: unknown): unknown {
  if (Array.isArray(value)) {
    // Skips a pen without riders: it has no item to garble.
    const first = value.findIndex((item: { riders?: unknown[] } | null) => item?.riders?.length !== 0);
    return value.map((item, index) => (index === first ? garbled(item) : item));
  }
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value);
  const list = fields.find(([name]) => name === 'riders' || name === 'results');
  const wrong = (name: string, field: unknown) => (list?.[0] === name ? garbled(field) : field);
  return Object.fromEntries(fields.map(([name, field]) => [name, list ? wrong(name, field) : {}]));
}
