import { z } from 'zod';
import { budgets } from '../budgets.ts';

export const faultKinds = [
  'delay',
  'hang',
  'reset',
  'server-error',
  'html',
  'truncated',
  'null-body',
  'wrong-types',
  'host-gone',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Something that goes wrong for the next `times` requests of a budget, or of any when none is named. */
export const fault = z.strictObject({
  kind: z.enum(faultKinds),
  budget: z.enum(budgets).optional(),
  times: z.int().positive().default(1),
  /** `delay`: project ms on top of the usual latency. */
  ms: z.number().nonnegative().default(60_000),
  /** `server-error`: the status. */
  status: z.int().min(500).max(599).default(503),
});
export type Fault = z.output<typeof fault>;
/** What one has to say about a fault; the rest has defaults. */
export type FaultOrder = z.input<typeof fault>;
