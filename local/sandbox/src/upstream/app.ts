import type { Clock } from '@paceline/shared/clock';
import type { Policy } from '@paceline/shared/contracts';
import type { EndpointDefinition, Upstream } from '@paceline/shared/upstreams';
import { type Context, Hono } from 'hono';
import { type AuditLog, keyName } from '../audit.ts';
import type { Jitter } from '../gate.ts';
import type { Account } from '../limiter.ts';
import { between, draw, sequence } from '../random.ts';
import type { Counters, Usage } from './counters.ts';
import { judge, type WindowedArrival } from './judge.ts';

/** What is special about an upstream, besides its file. */
export interface Imitation {
  /** By call of the file, `GET /athlete`. A call without one answers with its parameters. */
  readonly answers: Readonly<Record<string, Answer>>;
  /** The headers of every answer to a valid key. */
  readonly headers: (usage: Usages) => Readonly<Record<string, string>>;
  /** The body of a 429. @param spent the budgets that reject the call */
  readonly rejection: (spent: readonly string[]) => object;
}

export type Usages = Readonly<Record<string, Usage>>;

/** @returns undefined: 404 */
export type Answer = (request: {
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** The short name of the key. */
  readonly key: string;
  /** Project ms of the arrival. */
  readonly at: number;
}) => object | undefined;

interface Parts {
  readonly upstream: Upstream;
  readonly imitation: Imitation;
  readonly clock: Clock;
  readonly seed: number;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly counters: Counters;
  readonly audit: AuditLog<WindowedArrival>;
  readonly jitter: Jitter;
  readonly hasLatency: boolean;
  readonly closing: AbortSignal;
}

/** Serves the calls of an upstream's file below the path of its base URL, and the controls. */
export function upstreamApp(parts: Parts): Hono {
  const { upstream, clock, audit } = parts;
  const base = new URL(upstream.baseUrl).pathname.replace(/\/$/, '');
  const receive = receiver(parts);
  const app = new Hono()
    .get('/livez', (c) => c.text('ok'))
    .get('/control/audit', (c) =>
      c.json({
        upstream: upstream.name,
        arrivals: audit.all(),
        clock: { zero: clock.at(0), scale: clock.scale },
      }),
    )
    .get('/control/judgement', (c) => c.json({ judgements: judge(audit.all(), upstream) }));
  for (const [name, endpoint] of Object.entries(upstream.endpoints)) {
    for (const call of endpoint.calls) {
      const [method = '', path = ''] = call.split(' ');
      app.on(method, `${base}${path}`, (c) => receive(c, { name, call, ...endpoint }));
    }
  }
  return app.all('*', (c) => receive(c));
}

type Called = EndpointDefinition & { readonly name: string; readonly call: string };

// Nothing awaits between reading the clock and writing the audit line, so the log has the order of the counts.
function receiver({
  upstream,
  imitation,
  clock,
  seed,
  accounts,
  counters,
  audit,
  closing,
  ...settings
}: Parts) {
  const jitterDraws = sequence(seed, 'jitter');
  const pause = async (ms: number, signal: AbortSignal) => {
    if (ms > 0) await clock.sleep(ms, signal);
  };
  const answered = ({ seq }: WindowedArrival, response: Response): Response => {
    audit.answered(seq, { status: response.status, answeredAt: clock.now() });
    return response;
  };

  return async (c: Context, called?: Called): Promise<Response> => {
    const { minMs, maxMs } = settings.jitter;
    await pause(clock.toProjectMs(between(jitterDraws(), minMs, maxMs)), closing);
    const arrivedAt = clock.now();
    const secret = secretIn(c, upstream);
    const { method, path } = c.req;
    const request = { arrivedAt, key: keyName(secret), method, path, endpoint: called?.name ?? null };
    const account = accounts.get(secret);
    if (!account)
      return answered(
        audit.arrived({ ...request, policies: {}, verdict: 'unauthorized' }),
        c.json({ message: 'Authorization Error' }, 401),
      );
    if (!called)
      return answered(
        audit.arrived({ ...request, policies: {}, verdict: 'not_found' }),
        c.json({ message: 'Record Not Found' }, 404),
      );

    const { spent, usage } = counters.arrive(account, called.budgets, arrivedAt);
    const policies = policiesOf(called.budgets, usage);
    const headers = imitation.headers(usage);
    if (spent.length > 0)
      return answered(
        audit.arrived({ ...request, policies, verdict: 'rejected' }),
        c.json(imitation.rejection(spent), 429, headers),
      );
    const arrival = audit.arrived({ ...request, policies, verdict: 'accepted' });
    const { typicalMs } = called;
    const latency = settings.hasLatency
      ? typicalMs * between(draw(seed, 'latency', arrival.seq), 0.5, 1.5)
      : 0;
    await pause(latency, AbortSignal.any([c.req.raw.signal, closing]));
    const parameters = c.req.param() as Record<string, string>;
    const answer = imitation.answers[called.call] ?? (() => parameters);
    const value = answer({ parameters, query: c.req.query(), key: account.key, at: arrivedAt });
    return answered(
      arrival,
      value ? c.json(value, 200, headers) : c.json({ message: 'Record Not Found' }, 404, headers),
    );
  };
}

/** The key of a request; empty without one. */
function secretIn(c: Context, { auth }: Upstream): string {
  const sent = (auth.in === 'header' ? c.req.header(auth.name) : c.req.query(auth.name)) ?? '';
  return sent.startsWith(auth.prefix) ? sent.slice(auth.prefix.length) : '';
}

const policiesOf = (budgets: readonly string[], usage: Usages): Record<string, Policy> =>
  Object.fromEntries(
    budgets.flatMap((name) => {
      const window = usage[name];
      return window ? [[name, { limit: window.limit, windowMs: window.windowMs }]] : [];
    }),
  );
