export { type Arrival, keyName, readAudit, type Verdict } from './audit.ts';
export { latencyOf, latencySpread, type Policy, type PolicyOverrides, policyOverrides } from './budgets.ts';
export type { Controls } from './control-api.ts';
export type { FaultKind, FaultOrder } from './faults.ts';
export type { Jitter } from './gate.ts';
export { judge, type Judgement } from './judge.ts';
export {
  type Account,
  createCounter,
  createLimiter,
  type Enforcement,
  enforcements,
  type Limiter,
  tooManyRequestsBody,
} from './limiter.ts';
export { between, draw, sequence } from './random.ts';
export { type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts';
export { type Club, defaultClubs, riderIds } from './world/clubs.ts';
export { createWorld, type World } from './world/world.ts';
