import { type Supervised, supervise } from './process.ts';
import type { StateFolder } from './state.ts';

/** The processes of a stack: started one after the other, stopped in reverse, callers before those that they call. */
export interface Crew {
  /** By name: `limiter`, and further ones of the same service as `limiter-2`, `limiter-3`, … */
  readonly processes: ReadonlyMap<string, Supervised>;
  /** Starts a process; it may not be ready yet. `env` comes on top of what all share. */
  run(member: Member): Promise<Supervised>;
  stop(): Promise<void>;
}

export interface Member {
  readonly name: string;
  /** Relative to the root of the repository. */
  readonly script: string;
  readonly readyUrl: string;
  readonly env: NodeJS.ProcessEnv;
}

export function createCrew(
  shared: NodeJS.ProcessEnv,
  state: StateFolder,
  logSize: number,
  report: (line: string) => void,
): Crew {
  const processes = new Map<string, Supervised>();
  return {
    processes,
    async run({ name, script, readyUrl, env }) {
      const logFile = state.path('logs', `${name}.log`);
      const all = { ...shared, ...env };
      const member = supervise({ name, script, env: all, readyUrl, logFile, logSize, report });
      processes.set(name, member);
      await member.start();
      return member;
    },
    async stop() {
      for (const member of [...processes.values()].toReversed()) await member.stop();
    },
  };
}
