export * from './alerts.ts';
export * from './api.ts';
export * from './events.ts';
export * from './riders.ts';
export * from './sources.ts';
export * from './syncs.ts';
