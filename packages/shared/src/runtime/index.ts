export * from './health.ts';
export * from './run-service.ts';
export * from './presence.ts';
