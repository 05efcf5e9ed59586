export * from './health.ts';
export * from './own-state.ts';
export * from './run-service.ts';
export * from './presence.ts';
