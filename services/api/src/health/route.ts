import { jsonResponses, endpoint } from '../http/route.ts';
import { healthShape, healthView } from './view.ts';

export const healthRoutes = [
  endpoint('get', '/v1/health', 'getHealth', {
    tags: ['operations'],
    summary: 'Get the state of every part: what is down, since when, and what to do',
    description: [
      'Responds from memory, even when the broker and the database are unavailable. A part that stops responding is shown within',
      'five seconds of real time. The alerts, the dashboard and the command line show the same. `durability` says whether a power',
      'cut can lose what the broker has acknowledged.',
    ].join('\n'),
    responses: jsonResponses('The parts', healthShape),
    handler: (c, { health, clock }) =>
      c.json(healthView(health.parts(), health.durability(), clock.now()), 200),
  }),
];
