import type { Command } from '@paceline/client';
import { roundPixel } from '../parts/layout.ts';

export function layoutProgress(
  { done, failed, waiting }: NonNullable<Command['riders']>,
  width: number,
): { readonly doneX: number; readonly failedX: number } {
  const all = Math.max(1, done + failed + waiting);
  return { doneX: roundPixel((done / all) * width), failedX: roundPixel(((done + failed) / all) * width) };
}

export const parseRiderId = (typed: string): number | string =>
  /^-?\d+$/.test(typed.trim()) ? Number(typed) : typed;
