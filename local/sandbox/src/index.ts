export { type Arrival, keyName, type Verdict } from './audit/arrival.ts';
export { judge, type Judgement } from './audit/judge.ts';
export { readAudit } from './audit/log.ts';
export {
  type Budget,
  budgets,
  type Policy,
  type PolicyOverrides,
  policyOverrides,
  type Tier,
  tierPolicies,
} from './budgets.ts';
export type { Controls, Jitter } from './controls.ts';
export { createCounter, type Enforcement, enforcements } from './enforcement/counter.ts';
export { type Account, createLimiter, type Limiter } from './enforcement/limiter.ts';
export { tooManyRequestsBody } from './enforcement/too-many-requests.ts';
export type { FaultKind, FaultOrder } from './faults/fault.ts';
export { latencyOf, latencySpread } from './faults/latency.ts';
export { between, draw, sequence } from './random.ts';
export { type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts';
export { type Club, defaultClubs, riderIds } from './world/clubs.ts';
export { createWorld, type World } from './world/world.ts';
