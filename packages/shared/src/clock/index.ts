export * from './clock.ts';
export * from './manual.ts';
