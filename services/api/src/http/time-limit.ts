import type { MiddlewareHandler } from 'hono';
import { Problem } from './problem.ts';

/** Real ms: longer than anybody may ask to be kept waiting (`Prefer: wait`). */
export const longestAnswerMs = 40_000;

/** Answers 503 when a request takes longer than it ever should; what it does goes on unheard. */
export const timeLimit =
  (ms: number): MiddlewareHandler =>
  async (_, next) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const detail = 'The answer takes too long';
      timer = setTimeout(
        () => reject(new Problem('unavailable', detail, { headers: { 'retry-after': '5' } })),
        ms,
      );
    });
    try {
      await Promise.race([next(), late]);
    } finally {
      clearTimeout(timer);
    }
  };
