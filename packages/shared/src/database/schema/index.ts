export * from './copies.ts';
export * from './operations.ts';
