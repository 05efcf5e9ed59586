import { readArguments } from './all.ts';

// The limiter process of a hand-built system that has one.

const { queue, ...settings } = readArguments();
await queue.openLimiter?.(settings);
