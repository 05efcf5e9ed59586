import { createRoute, z } from '@hono/zod-openapi';
import { alertTypes } from '@paceline/shared/contracts';
import { findAlert, listAlerts } from '../adapters/alerts.ts';
import { alertView } from '../core/alert.ts';
import { pageOf } from '../core/page.ts';
import { Alert } from '../http/components.ts';
import { keyMoment, keyText, listOf, oneOf, pageQuery, textId } from '../http/params.ts';
import { Problem, problems } from '../http/problem.ts';
import type { AddRoutes } from './services.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/alerts',
  operationId: 'listAlerts',
  tags: ['alerts'],
  summary: 'What operators were told, newest first',
  request: {
    query: z.object({
      state: oneOf(['open', 'resolved']),
      type: oneOf(alertTypes),
      ...pageQuery('alerts', z.tuple([keyMoment, keyText])),
    }),
  },
  responses: {
    200: { description: 'A page of alerts', content: { 'application/json': { schema: listOf(Alert) } } },
    ...problems(400, 401, 503),
  },
});

const one = createRoute({
  method: 'get',
  path: '/v1/alerts/{alertId}',
  operationId: 'getAlert',
  tags: ['alerts'],
  summary: 'One alert: what, why, since when, and what to do',
  request: { params: z.object({ alertId: textId }) },
  responses: {
    200: { description: 'The alert', content: { 'application/json': { schema: Alert } } },
    ...problems(400, 401, 404, 503),
  },
});

export const alertRoutes: AddRoutes = (app, { db }) => {
  app.openapi(list, async (c) => {
    const { limit, cursor, state, type } = c.req.valid('query');
    const isOpen = state && state === 'open';
    const rows = await listAlerts(db, { isOpen, type }, { limit, after: cursor });
    return c.json(
      pageOf('alerts', rows, limit, alertView, (row) => [row.raisedAt, row.id]),
      200,
    );
  });

  app.openapi(one, async (c) => {
    const { alertId } = c.req.valid('param');
    const alert = await findAlert(db, alertId);
    if (!alert) throw new Problem('not-found', `There is no alert ${alertId}`);
    return c.json(alertView(alert), 200);
  });
};
