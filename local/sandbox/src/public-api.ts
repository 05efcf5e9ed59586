import type { HttpBindings } from '@hono/node-server';
import { type BudgetName, mapValues } from '@paceline/shared/definition';
import type { SyncUpstream } from '@paceline/shared/upstreams';
import { Hono } from 'hono';
import { z } from 'zod';
import type { UpstreamHandler, Gate, HttpContext } from './gate.ts';
import { type Quirks, withQuirks } from './quirks.ts';
import type { SandboxWorld } from './world/world.ts';

const riderIdList = z.array(z.int()).max(1000);

/** The parameters in a path of the definition; `epoch` in seconds. */
type PathParameters = Readonly<Record<'id' | 'from' | 'epoch', number>>;
const parametersOf = (c: HttpContext) => mapValues(c.req.param(), Number) as PathParameters;

type Find = (parameters: PathParameters, at: number) => object | undefined;

function handlersOf(world: SandboxWorld, quirks: () => Quirks) {
  const respond = (c: HttpContext, value: object) => c.json(withQuirks(value, quirks()) as object);
  /** Responds with the value, or 404 if undefined. */
  const respondWith =
    (find: Find): UpstreamHandler =>
    (c, at) => {
      const value = find(parametersOf(c), at);
      return value ? respond(c, value) : c.json({ error: 'Not found' }, 404);
    };
  const riders: UpstreamHandler = async (c, at) => {
    const ids = riderIdList.safeParse(await c.req.json().catch(() => undefined));
    if (!ids.success) return c.json({ error: 'Expected an array of at most 1000 rider ids' }, 400);
    const { epoch } = parametersOf(c);
    return respond(c, world.riders(ids.data, epoch === undefined ? at : epoch * 1000));
  };
  const handlers: Readonly<Record<string, UpstreamHandler>> = {
    'GET /public/clubs/:id': respondWith(({ id }, at) => world.clubPage(id, 0, at)),
    'GET /public/clubs/:id/:from': respondWith(({ id, from }, at) => world.clubPage(id, from, at)),
    'POST /public/riders': riders,
    'POST /public/riders/:epoch': riders,
    'GET /public/riders/:id': respondWith(({ id }, at) => world.rider(id, at)),
    'GET /public/riders/:id/:epoch': respondWith(({ id, epoch }) => world.rider(id, epoch * 1000)),
    'GET /public/results/:id': respondWith(({ id }, at) => world.results(id, at)),
    'GET /public/zp/:id/results': respondWith(({ id }, at) => world.zwiftPowerResults(id, at)),
    'GET /public/events/upcoming': respondWith((_, at) => world.upcoming(at)),
    'GET /public/events/:id': respondWith(({ id }, at) => world.event(id, at)),
    'GET /public/event_signups/:id': respondWith(({ id }, at) => world.signups(id, at)),
  };
  return {
    of: (call: string) => handlers[call] ?? respondWith(({ id }) => ({ id })),
    unknown: respondWith(() => undefined),
  };
}

/** Serves every call of the definition behind its budget's limit. A call without data returns the requested id. */
export function publicApi(
  { endpoints }: Pick<SyncUpstream, 'endpoints'>,
  gate: Gate,
  world: SandboxWorld,
  quirks: () => Quirks,
): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  const handlers = handlersOf(world, quirks);
  for (const [budget, { calls }] of Object.entries(endpoints)) {
    for (const call of calls) {
      const [method = '', path = ''] = call.split(' ');
      app.on(method, path.replaceAll(/:\w+/g, '$&{\\d+}'), gate(budget as BudgetName, handlers.of(call)));
    }
  }
  return app.all('*', gate(null, handlers.unknown));
}
