import type { TestStack } from '@paceline/kit/stack';

/** Says which processes have ended since now, also when another has taken their place. */
export function crashedSince(stack: TestStack): () => string[] {
  const pids = new Map([...stack.processes].map(([name, process]) => [name, process.pid()]));
  return () => [...stack.processes].flatMap(([name, { pid }]) => (pid() === pids.get(name) ? [] : [name]));
}
