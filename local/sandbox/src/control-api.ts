import type { Clock } from '@paceline/shared/clock';
import { budgetNames } from '@paceline/shared/definition';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { AuditLog } from './audit.ts';
import { enforcements, type SandboxLimiter, policyChanges } from './limiter.ts';
import { fault, type UpstreamFaultInput, type FaultQueue } from './faults.ts';
import { type Dialect, dialectChange } from './dialect.ts';
import { type Jitter, jitter } from './gate.ts';
import { type Quirks, quirks } from './quirks.ts';
import { judge } from './judge.ts';
import { riderIds } from './world/riders.ts';
import type { SandboxWorld } from './world/world.ts';

export type Controls = ReturnType<typeof createControls>;

export function createControls(
  limiter: SandboxLimiter,
  faults: FaultQueue,
  first: { readonly jitter: Jitter; readonly quirks: Quirks; readonly dialect: Dialect },
) {
  let current = first.jitter;
  let activeQuirks = first.quirks;
  let spoken = first.dialect;
  const { changePolicies, enforce, restart } = limiter;
  return {
    changePolicies,
    enforce,
    restart,
    injectFault(input: UpstreamFaultInput) {
      faults.add(fault.parse(input));
      return faults.pending();
    },
    pendingFaults: faults.pending,
    clearFaults: faults.clear,
    setJitter(next: Jitter) {
      current = next;
    },
    jitter: () => current,
    setQuirks(next: Quirks) {
      activeQuirks = next;
    },
    quirks: () => activeQuirks,
    /** Changes how limits are worded; what is not given stays. */
    speak(change: Partial<Dialect>) {
      spoken = { ...spoken, ...change };
      return spoken;
    },
    dialect: () => spoken,
  };
}

const auditQuery = z.object({ since: z.coerce.number().default(0), budget: z.enum(budgetNames).optional() });
const enforcementChange = z.strictObject({ enforcement: z.enum(enforcements) });

const badRequest = (c: Context, error: z.ZodError) => c.json({ error: z.prettifyError(error) }, 400);

/** Handles a JSON body: responds with the result of `apply`, or 400 with the problems of the body. */
const command =
  <Schema extends z.ZodType>(schema: Schema, apply: (body: z.output<Schema>) => object) =>
  async (c: Context) => {
    const body = schema.safeParse(await c.req.json().catch(() => undefined));
    return body.success ? c.json(apply(body.data)) : badRequest(c, body.error);
  };

/** The controls for tests and people; not part of the imitated API. */
export function controlApi(clock: Clock, controls: Controls, audit: AuditLog, world: SandboxWorld): Hono {
  return new Hono()
    .get('/audit', (c) => {
      const query = auditQuery.safeParse(c.req.query());
      if (!query.success) return badRequest(c, query.error);
      const { since, budget } = query.data;
      const arrivals = audit.all().filter((each) => each.seq > since && (!budget || each.budget === budget));
      return c.json({ arrivals, clock: { zero: clock.at(0), scale: clock.scale } });
    })
    .get('/judgement', (c) => c.json({ judgements: judge(audit.all()) }))
    .get('/faults', (c) => c.json({ faults: controls.pendingFaults() }))
    .post(
      '/faults',
      command(fault, (input) => ({ faults: controls.injectFault(input) })),
    )
    .delete('/faults', (c) => {
      controls.clearFaults();
      return c.json({ faults: [] });
    })
    .post(
      '/policies',
      command(policyChanges, (changes) => ({ overrides: controls.changePolicies(changes) })),
    )
    .post(
      '/enforcement',
      command(enforcementChange, ({ enforcement }) => {
        controls.enforce(enforcement);
        return { enforcement };
      }),
    )
    .post(
      '/jitter',
      command(jitter, (range) => {
        controls.setJitter(range);
        return range;
      }),
    )
    .post(
      '/quirks',
      command(quirks, (next) => {
        controls.setQuirks(next);
        return { quirks: next };
      }),
    )
    .post(
      '/dialect',
      command(dialectChange, (change) => controls.speak(change as Partial<Dialect>)),
    )
    .post('/restart', (c) => {
      controls.restart();
      return c.json({ restartedAt: clock.now() });
    })
    .get('/world', (c) => {
      const now = clock.now();
      return c.json({ now, clubs: world.clubs, riderIds, upcoming: world.census(now) });
    });
}
