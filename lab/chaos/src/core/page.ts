import { report } from './table.ts';
import type { Verdict } from './verdict.ts';

/** The page of the documentation that tells what many seeds came to. */
export const page = (command: string, verdicts: readonly Verdict[]): string => `# Chaos

The whole system as real processes (a broker cluster, several of most services, Postgres, an upstream that judges), under
load on a clock that runs faster, broken by a seed's schedule of faults and judged when it has come to rest. What each
fault is, and what it can't imitate: [operating](operating.md#break-it). This page is written by

\`\`\`sh
${command} --write docs/chaos.md
\`\`\`

Recovery is in real seconds: from when a fault was healed (or struck, when it heals by itself) until every service was
ready, something that was asked for was accepted, and a call was made with a permit. Faults that overlap, or begin before
another is over, are over at once.

${report(verdicts)}
`;
