import { z } from '@hono/zod-openapi';
import { alertTypes } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { and, eq, isNotNull, isNull } from 'drizzle-orm';
import { defineList, keyTime, keyText, listOf, oneOf, pageQuery, readPage, textId } from '../http/params.ts';
import { requireFound } from '../http/problem.ts';
import { jsonResponses, endpoint } from '../http/route.ts';
import { selectAlerts } from './query.ts';
import type { AlertRow } from './rules.ts';
import { alertShape, alertView } from './view.ts';

const { alerts } = tables;
const tags = ['alerts'];
const alertList = defineList('alerts', 'desc', { raisedAt: alerts.raisedAt, id: alerts.id }, [
  keyTime,
  keyText,
]);
const viewOf = (row: unknown) => alertView(row as AlertRow);

export const alertRoutes = [
  endpoint('get', '/v1/alerts', 'listAlerts', {
    tags,
    summary: 'List alerts, newest first',
    request: {
      query: z.object({
        state: oneOf(['open', 'resolved']).optional(),
        type: oneOf(alertTypes).optional(),
        ...pageQuery(alertList),
      }),
    },
    responses: jsonResponses('A page of alerts', listOf(alertShape), 400),
    handler: async (c, { db }) => {
      const { state, type, ...page } = c.req.valid('query');
      const inState = state && (state === 'open' ? isNull : isNotNull)(alerts.resolvedAt);
      const where = and(inState, type && eq(alerts.type, type));
      return c.json(await readPage(selectAlerts(db), alertList, page, viewOf, where), 200);
    },
  }),

  endpoint('get', '/v1/alerts/{alertId}', 'getAlert', {
    tags,
    summary: 'Get an alert: what happened, why, since when, what to do',
    request: { params: z.object({ alertId: textId.openapi({ example: 'journal_lost.1772390400000' }) }) },
    responses: jsonResponses('The alert', alertShape, 400, 404),
    handler: async (c, { db }) => {
      const { alertId } = c.req.valid('param');
      const [row] = await selectAlerts(db).where(eq(alerts.id, alertId));
      return c.json(viewOf(requireFound(row, `Alert ${alertId} does not exist`)), 200);
    },
  }),
];
