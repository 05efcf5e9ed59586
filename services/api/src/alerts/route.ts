import { z } from '@hono/zod-openapi';
import { type AlertType, alertTypes } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { and, eq, isNotNull, isNull } from 'drizzle-orm';
import { defineList, keyTime, keyText, listOf, oneOf, pageQuery, readPage, textId } from '../http/params.ts';
import { obstacleOf, type SystemPart } from '../health/parts.ts';
import { requireFound } from '../http/problem.ts';
import { jsonResponses, endpoint } from '../http/route.ts';
import { selectAlerts } from './query.ts';
import { type AlertRow, downParts } from './rules.ts';
import { alertShape, type AlertView, alertView } from './view.ts';

const { alerts } = tables;
const tags = ['alerts'];
const alertList = defineList('alerts', 'desc', { raisedAt: alerts.raisedAt, id: alerts.id }, [
  keyTime,
  keyText,
]);
const viewOf = (row: unknown) => alertView(row as AlertRow);

function partAlerts(
  parts: readonly SystemPart[],
  state: 'open' | 'resolved' | undefined,
  type: AlertType | undefined,
): AlertView[] {
  if (state === 'resolved' || (type !== undefined && type !== 'part_down')) return [];
  return downParts(parts).present.map(({ key, ...about }) =>
    alertView({ id: key, ...about, raisedAt: about.since, resolvedAt: null }),
  );
}

export const alertRoutes = [
  endpoint('get', '/v1/alerts', 'listAlerts', {
    tags,
    summary: 'List alerts, newest first',
    description: 'While the database is unavailable, only alerts about unavailable parts are listed.',
    request: {
      query: z.object({
        state: oneOf(['open', 'resolved']).optional(),
        type: oneOf(alertTypes).optional(),
        ...pageQuery(alertList),
      }),
    },
    responses: jsonResponses('A page of alerts', listOf(alertShape), 400),
    handler: async (c, { db, health }) => {
      const { state, type, ...page } = c.req.valid('query');
      // Without the database only the parts that are down are known.
      if (obstacleOf(health.parts(), ['database']) !== undefined)
        return c.json({ items: partAlerts(health.parts(), state, type), next: null }, 200);
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
