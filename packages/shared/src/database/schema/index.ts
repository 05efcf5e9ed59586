export * from './api.ts';
export * from './api.ts';
export * from './events.ts';
export * from './riders.ts';
export * from './syncs.ts';
export * from './syncs.ts';
