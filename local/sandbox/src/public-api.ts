import type { HttpBindings } from '@hono/node-server';
import { budgetNames, budgets, mapValues } from '@paceline/shared/definition';
import { Hono } from 'hono';
import { z } from 'zod';
import type { UpstreamHandler, Gate, HttpContext } from './gate.ts';
import type { World } from './world/world.ts';

const riderIdList = z.array(z.int()).max(1000);

/** The numbers in a path of the definition, by their names there; `epoch` in seconds. */
type Numbers = Readonly<Record<'id' | 'from' | 'epoch', number>>;
const numbersIn = (c: HttpContext) => mapValues(c.req.param(), Number) as Numbers;

const found =
  (find: (numbers: Numbers, at: number) => object | undefined): UpstreamHandler =>
  (c, at) => {
    const value = find(numbersIn(c), at);
    return value ? c.json(value) : c.json({ error: 'Not found' }, 404);
  };

function endpointsOf(world: World): Readonly<Record<string, UpstreamHandler>> {
  const riders: UpstreamHandler = async (c, at) => {
    const ids = riderIdList.safeParse(await c.req.json().catch(() => undefined));
    if (!ids.success) return c.json({ error: 'Expected an array of at most 1000 rider ids' }, 400);
    const { epoch } = numbersIn(c);
    return c.json(world.riders(ids.data, epoch === undefined ? at : epoch * 1000));
  };
  return {
    'GET /public/clubs/:id': found(({ id }, at) => world.clubPage(id, 0, at)),
    'GET /public/clubs/:id/:from': found(({ id, from }, at) => world.clubPage(id, from, at)),
    'POST /public/riders': riders,
    'POST /public/riders/:epoch': riders,
    'GET /public/riders/:id': found(({ id }, at) => world.rider(id, at)),
    'GET /public/riders/:id/:epoch': found(({ id, epoch }) => world.rider(id, epoch * 1000)),
    'GET /public/results/:id': found(({ id }, at) => world.results(id, at)),
    'GET /public/zp/:id/results': found(({ id }, at) => world.zwiftPowerResults(id, at)),
    'GET /public/events/upcoming': found((_, at) => world.upcoming(at)),
    'GET /public/events/:id': found(({ id }, at) => world.event(id, at)),
    'GET /public/event_signups/:id': found(({ id }, at) => world.signups(id, at)),
  };
}

/** Every call of the definition, behind its budget's limit. An unknown call gets back the id that it names. */
export function publicApi(gate: Gate, world: World): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  const endpoints = endpointsOf(world);
  for (const budget of budgetNames) {
    for (const call of budgets[budget].calls) {
      const [method = '', path = ''] = call.split(' ');
      const endpoint = endpoints[call] ?? found(({ id }) => ({ id }));
      app.on(method, path.replaceAll(/:\w+/g, '$&{\\d+}'), gate(budget, endpoint));
    }
  }
  return app.all(
    '*',
    gate(
      null,
      found(() => undefined),
    ),
  );
}
