import type { Command } from '@paceline/client';
import { pixel } from '../parts/layout.ts';

/** Where in a bar the riders that are here end, and where those that could not be had. */
export function layoutShares(
  { done, failed, waiting }: NonNullable<Command['riders']>,
  width: number,
): { readonly doneX: number; readonly failedX: number } {
  const all = Math.max(1, done + failed + waiting);
  return { doneX: pixel((done / all) * width), failedX: pixel(((done + failed) / all) * width) };
}

/** What was typed as a rider's id, as it is sent: the API says what is wrong with it. */
export const riderIdOf = (typed: string): number | string =>
  /^-?\d+$/.test(typed.trim()) ? Number(typed) : typed;

/** The ids in a text, each once, in its order. */
export const riderIdsOf = (typed: string): number[] => [...new Set(typed.match(/\d+/g)?.map(Number))];
