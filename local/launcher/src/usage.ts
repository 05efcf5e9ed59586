const usage = `npm start    (takes no arguments)

Starts a broker, a database, a sandbox of the ZwiftRacing API and the five services on this machine. State and logs
are in .paceline. Ctrl-C stops it, npm run reset deletes the state.

Variables, in the environment or in .env:
  ZWIFTRACING_BASE_URL, ZWIFTRACING_API_KEY   call the real API instead of the sandbox
  ZWIFTRACING_CLUB_IDS                        the clubs to sync
  NATS_URL, DATABASE_URL                      use your own broker and database
  API_PORT                                    the port of API and dashboard
  PACELINE_CLOCK                              the speed of the sandbox's time

All variables: .env.example. How to run it: docs/operating.md.`;

/** What `npm start` prints instead of starting, and its exit code: 0 for --help, 2 for wrong usage. */
export function usageFor([first]: readonly string[]): { text: string; code: 0 | 2 } | undefined {
  if (first === undefined) return undefined;
  if (first === '--help' || first === '-h') return { text: usage, code: 0 };
  return { text: `Unexpected argument "${first}"\n\n${usage}`, code: 2 };
}
