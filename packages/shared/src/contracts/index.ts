export * from './catalog.ts';
export * from './journal.ts';
export * from './limiter.ts';
export * from './permissions.ts';
export * from './replicas.ts';
export * from './streams.ts';
export * from './sync.ts';
export * from './vocabulary.ts';
