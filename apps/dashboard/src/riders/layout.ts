import type { Command } from '../api/shapes.ts';
import { pixel } from '../axis/time-axis.ts';

/** Where in a bar the riders that are here end, and where those that could not be had. */
export function layoutShares(
  { done, failed, waiting }: NonNullable<Command['riders']>,
  width: number,
): { readonly doneX: number; readonly failedX: number } {
  const all = Math.max(1, done + failed + waiting);
  return { doneX: pixel((done / all) * width), failedX: pixel(((done + failed) / all) * width) };
}
