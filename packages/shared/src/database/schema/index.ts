export * from './events.ts';
export * from './riders.ts';
export * from './syncs.ts';
