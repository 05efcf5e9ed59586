export type { Arrival } from './audit.ts';
export type { UpstreamFaultKind, UpstreamFaultInput } from './faults.ts';
export { judge, type Judgement } from './judge.ts';
export {
  createCounter,
  createLimiter,
  type Enforcement,
  enforcements,
  latencyOf,
  policyOverrides,
  type SandboxLimiter,
  tooManyRequestsBody,
} from './limiter.ts';
export { between, draw, sequence } from './random.ts';
export { type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts';
export { type SandboxClub, defaultClubs } from './world/riders.ts';
export { createCounters } from './upstream/counters.ts';
export { keepsLimit, type WindowJudgement } from './upstream/judge.ts';
export { createWorld, type SandboxWorld } from './world/world.ts';
