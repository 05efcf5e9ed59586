import { z } from '@hono/zod-openapi';
import { fullName, type PermitReply } from '@paceline/shared/contracts';
import { noPermit } from '../door/answer.ts';
import type { Door } from '../door/door.ts';
import { Problem } from '../http/problem.ts';
import { iso, time } from '../http/view.ts';
import { ServiceUnavailable } from '../peers.ts';

const seconds = z.number().nullable();
export const permitShape = z
  .object({
    id: z.string().describe('In the addresses of this permit'),
    ticket: z.string(),
    endpoint: z.string(),
    lane: z.string(),
    state: z.enum(['waiting', 'granted', 'started']),
    startWithin: seconds.describe('Seconds until a granted permit must be started, from the response'),
    sendWithin: seconds.describe(
      'Seconds until a started call must be sent, from the request that started it',
    ),
    position: z.int().nullable().describe('In the queue; 1 is next'),
    reason: z.string().nullable().describe('Why it waits'),
    budget: z
      .string()
      .nullable()
      .describe('The budget that a waiting request waits for, as in GET /v1/budgets'),
    estimatedAt: time.nullable().describe('When a waiting request is expected to get its permit'),
    askAgainWithin: seconds.describe(
      'Seconds within which a waiting request must be repeated to keep its place',
    ),
  })
  .openapi('UpstreamPermit');
type PermitView = z.infer<typeof permitShape>;

type Asked = Pick<PermitView, 'ticket' | 'endpoint' | 'lane'>;

const notWaiting = {
  position: null,
  reason: null,
  budget: null,
  estimatedAt: null,
  askAgainWithin: null,
  startWithin: null,
  sendWithin: null,
};

/** @param sendBy real ms */
export const startedView = (id: string, { ticket, endpoint, lane }: Asked, sendBy: number): PermitView => ({
  id,
  ticket,
  endpoint,
  lane,
  state: 'started',
  ...notWaiting,
  sendWithin: sendBy / 1_000,
});

/** The limiter's reply to a request. @throws {Problem} when it is refused; {ServiceUnavailable} without a reply */
export function replyView(
  { clock, upstream }: Pick<Door, 'clock' | 'upstream'>,
  request: string,
  asked: Asked,
  reply: PermitReply,
): PermitView {
  switch (reply.answer) {
    case 'granted': {
      const startWithin = Math.max(0, clock.toRealMs(reply.startBy - clock.now())) / 1_000;
      return { id: reply.permit, ...asked, state: 'granted', ...notWaiting, startWithin };
    }
    case 'started':
      return startedView(reply.permit, asked, reply.sendBy);
    case 'waiting': {
      const { position, reason, budget, estimatedAt, retryIn } = reply;
      const place = {
        position,
        reason,
        budget: budget === undefined ? null : fullName(upstream.name, budget),
        estimatedAt: iso(estimatedAt),
        askAgainWithin: retryIn / 1_000,
      };
      return { id: request, ...asked, state: 'waiting', ...notWaiting, ...place };
    }
    case 'refused':
      throw noPermit(clock, asked.endpoint, reply.earliest);
    case 'unavailable':
      throw new ServiceUnavailable('limiter', 'The limiter does not answer; repeat the request');
    default:
      throw new Problem('unexpected', `Unexpected answer of the limiter: ${reply.answer}`);
  }
}
