export { type Bus, createBus } from './bus.ts';
export { connect } from './connect.ts';
export { type Handling, handle } from './handle.ts';
export { BadPayload, decode, encode } from './payload.ts';
export { provision } from './provision.ts';
export { publish, signal } from './publish.ts';
export { listen, request, respond } from './request.ts';
export { isUnavailable, retryWhileUnavailable } from './retry.ts';
export { deadLetter, done, retryAfter, type Settlement } from './settlement.ts';
