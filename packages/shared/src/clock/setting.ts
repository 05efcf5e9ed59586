import { type ClockSetting, realTime } from './clock.ts';

const shape = /^scale=(\d+(?:\.\d+)?),anchor=(\d+)$/;

/**
 * Reads `PACELINE_CLOCK`, e.g. `scale=60,anchor=1764788400000`.
 * @param text the variable's value; empty or missing means real time
 * @throws {Error} when the text has another shape or a scale below 1
 */
export function parseClock(text: string | undefined): ClockSetting {
  if (!text) return realTime;
  const [, scale, anchor] = shape.exec(text) ?? [];
  if (scale === undefined || anchor === undefined || Number(scale) < 1) {
    throw new Error('must look like "scale=60,anchor=<epoch ms>" with a scale of at least 1');
  }
  return { scale: Number(scale), anchor: Number(anchor) };
}

/** The text that `parseClock` reads back. */
export const formatClock = ({ scale, anchor }: ClockSetting): string => `scale=${scale},anchor=${anchor}`;

const loopbackHosts = new Set(['localhost', '[::1]']);

/** Whether a URL's host is this machine itself. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return loopbackHosts.has(hostname) || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/**
 * Whether time may run faster against the upstream at `url`: one on this machine, or under a name that ends in
 * `.test` (a sandbox among containers). RFC 6761 keeps such names out of the public DNS: no real upstream has one.
 */
export const mayRunFaster = (url: string): boolean =>
  isLoopback(url) || new URL(url).hostname.endsWith('.test');
