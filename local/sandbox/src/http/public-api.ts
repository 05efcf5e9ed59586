import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { z } from 'zod';
import type { World } from '../world/world.ts';
import type { Answer, Gate, HttpContext } from './gate.ts';

const riderIdList = z.array(z.int()).max(1000);

const found = (c: HttpContext, value: object | undefined): Response =>
  value ? c.json(value) : c.json({ error: 'Not found' }, 404);

/** A path parameter that the route's pattern makes sure is a whole number. */
const number = (c: HttpContext, name: string): number => Number(c.req.param(name));

/** The moment asked about: the one in the path (seconds), or else the one at which the request arrived. */
const momentOf = (c: HttpContext, at: number): number =>
  c.req.param('epochSeconds') ? number(c, 'epochSeconds') * 1000 : at;

/** The endpoints of the imitated API. Paths of one budget share its limit. */
export function publicApi(gate: Gate, world: World): Hono<{ Bindings: HttpBindings }> {
  const clubPage: Answer = (c, at) =>
    found(c, world.clubPage(number(c, 'id'), Number(c.req.param('fromRiderId') ?? 0), at));
  const rider: Answer = (c, at) => found(c, world.rider(number(c, 'id'), momentOf(c, at)));
  const riders: Answer = async (c, at) => {
    const ids = riderIdList.safeParse(await c.req.json().catch(() => undefined));
    if (!ids.success) return c.json({ error: 'Expected an array of at most 1000 rider ids' }, 400);
    return c.json(world.riders(ids.data, momentOf(c, at)));
  };

  return new Hono<{ Bindings: HttpBindings }>()
    .get('/public/clubs/:id{\\d+}', gate('clubs', clubPage))
    .get('/public/clubs/:id{\\d+}/:fromRiderId{\\d+}', gate('clubs', clubPage))
    .post('/public/riders', gate('riders_bulk', riders))
    .post('/public/riders/:epochSeconds{\\d+}', gate('riders_bulk', riders))
    .get('/public/riders/:id{\\d+}', gate('riders_single', rider))
    .get('/public/riders/:id{\\d+}/:epochSeconds{\\d+}', gate('riders_single', rider))
    .get(
      '/public/results/:id{\\d+}',
      gate('results', (c, at) => found(c, world.results(number(c, 'id'), at))),
    )
    .get(
      '/public/zp/:id{\\d+}/results',
      gate('results', (c, at) => found(c, world.zwiftPowerResults(number(c, 'id'), at))),
    )
    .get(
      '/public/events/upcoming',
      gate('events', (c, at) => c.json(world.upcoming(at))),
    )
    .get(
      '/public/events/:id{\\d+}',
      gate('events', (c, at) => found(c, world.event(number(c, 'id'), at))),
    )
    .get(
      '/public/event_signups/:id{\\d+}',
      gate('signups', (c, at) => found(c, world.signups(number(c, 'id'), at))),
    )
    .all(
      '*',
      gate(null, (c) => found(c, undefined)),
    );
}
