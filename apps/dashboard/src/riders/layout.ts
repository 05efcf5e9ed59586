import type { Command } from '@paceline/client';
import { pixel } from '../parts/layout.ts';

export function layoutShares(
  { done, failed, waiting }: NonNullable<Command['riders']>,
  width: number,
): { readonly doneX: number; readonly failedX: number } {
  const all = Math.max(1, done + failed + waiting);
  return { doneX: pixel((done / all) * width), failedX: pixel(((done + failed) / all) * width) };
}

export const riderIdOf = (typed: string): number | string =>
  /^-?\d+$/.test(typed.trim()) ? Number(typed) : typed;

export const riderIdsOf = (typed: string): number[] => [...new Set(typed.match(/\d+/g)?.map(Number))];
