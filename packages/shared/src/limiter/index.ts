export { accountOf, allPartitions, partitionOf } from './account.ts';
export { createLimiters, type Limiters } from './client.ts';
export { type PermitRequests, permitRequests } from './requests.ts';
export {
  type Limiter,
  type Permit,
  type PermitOptions,
  PermitRefused,
  PermitSpent,
  type Waiting,
} from './permit.ts';
