import type { Api } from './api/client.ts';
import type { Screen } from './screen.ts';

/** What a command works with. */
export interface Context {
  readonly api: Api;
  readonly screen: Screen;
  /** Only JSON goes to the output. */
  readonly json: boolean;
  /** Writes a document, on one line when there may be several. */
  document(value: unknown, oneOfSeveral?: 'line'): void;
  /** Says something beside the output. */
  say(text: string): void;
  /** All of a file, or with `-` of what is piped in. */
  read(file: string): Promise<string>;
  /** Aborts when it is to end. */
  readonly signal: AbortSignal;
}

/** How a command ended: 0 fine, 1 it failed. What is thrown has exit codes of its own. */
type Outcome = 0 | 1;

export interface Command {
  /** How it is called, without `paceline`. */
  readonly usage: string;
  readonly about: string;
  /** What else there is to say of it. */
  readonly more?: string;
  run(args: readonly string[], context: Context): Promise<Outcome>;
}
