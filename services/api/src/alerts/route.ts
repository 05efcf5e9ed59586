import { z } from '@hono/zod-openapi';
import { alertTypes } from '@paceline/shared/contracts';
import { listOf, oneOf, pageOf, pageQuery, textId } from '../http/params.ts';
import { found, problems } from '../http/problem.ts';
import { type AddRoutes, jsonOf, route } from '../http/route.ts';
import { alertList, findAlert, listAlerts } from './query.ts';
import { alertShape, alertView } from './view.ts';

const tags = ['alerts'];

const list = route('get', '/v1/alerts', 'listAlerts', {
  tags,
  summary: 'What operators were told, newest first',
  request: {
    query: z.object({
      state: oneOf(['open', 'resolved']).optional(),
      type: oneOf(alertTypes).optional(),
      ...pageQuery(alertList),
    }),
  },
  responses: { 200: jsonOf('A page of alerts', listOf(alertShape)), ...problems(400, 401, 503) },
});

const one = route('get', '/v1/alerts/{alertId}', 'getAlert', {
  tags,
  summary: 'One alert: what, why, since when, and what to do',
  request: { params: z.object({ alertId: textId }) },
  responses: { 200: jsonOf('The alert', alertShape), ...problems(400, 401, 404, 503) },
});

export const alertRoutes: AddRoutes = (app, { db }) => {
  app.openapi(list, async (c) => {
    const query = c.req.valid('query');
    return c.json(pageOf(alertList, await listAlerts(db, query), query.limit, alertView), 200);
  });

  app.openapi(one, async (c) => {
    const { alertId } = c.req.valid('param');
    const alert = found(await findAlert(db, alertId), `There is no alert ${alertId}`);
    return c.json(alertView(alert), 200);
  });
};
