export { accountOf, allPartitions, partitionOf } from './account.ts';
export { createLimiter, type LimiterParts } from './client.ts';
export {
  type Limiter,
  type Permit,
  type PermitAsk,
  PermitRefused,
  PermitSpent,
  type Waiting,
} from './permit.ts';
