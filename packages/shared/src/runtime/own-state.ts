import { ConfigError } from '../config/index.ts';
import { foreignState, type Marks, type Origin } from '../contracts/index.ts';

/**
 * Checks the marks of the servers before a process reads or changes their state.
 * @param own a part that is unset is only compared between the servers
 * @throws {ConfigError} when a server's state belongs to another upstream or clock, with what to do
 */
export function assertOwnState(marks: Marks, own: Partial<Origin>): void {
  const problems = foreignState(marks, own);
  if (problems.length > 0) throw new ConfigError(problems);
}
