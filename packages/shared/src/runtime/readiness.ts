import { redactUrl } from '../telemetry/index.ts';
import { within } from './within.ts';

/** Readiness checks by name; each throws or rejects with its reason when it isn't ready. */
export type Checks = Readonly<Record<string, () => void | Promise<void>>>;

export interface Readiness {
  readonly ready: boolean;
  /** `ok`, or the reason why not, by the check's name. */
  readonly checks: Readonly<Record<string, string>>;
}

const longestCheckMs = 2_000;

/** Asks all checks at once; one that hasn't answered within `limitMs` (real, 2 s) isn't ready. */
export async function readiness(checks: Checks, limitMs = longestCheckMs): Promise<Readiness> {
  const answers = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await answerOf(check, limitMs)] as const),
  );
  return { ready: answers.every(([, answer]) => answer === 'ok'), checks: Object.fromEntries(answers) };
}

async function answerOf(check: () => void | Promise<void>, limitMs: number): Promise<string> {
  try {
    await within(limitMs, Promise.resolve().then(check));
    return 'ok';
  } catch (error) {
    return redactUrl(error instanceof Error ? error.message : String(error)) || 'not ready';
  }
}
