import { setTimeout as sleep } from 'node:timers/promises';
import { ApiProblem, Unreachable } from '../api/problem.ts';
import type { Api } from '../api/client.ts';
import { flag, readArguments, WrongUsage } from '../arguments.ts';
import type { Command, Context } from '../command.ts';
import { type Part, type Standing, statusLines } from '../core/status.ts';
import { type ProjectTime, projectTime } from '../project-time.ts';

/** Real ms between two looks. */
const everyMs = 1_000;

export const status: Command = {
  usage: 'status [--watch]',
  about: 'the six windows, who is next, what is paused, what is wrong',
  more: [
    'Each bar is one window back and one ahead, with now (│) in its middle. A stroke is a call: it moves left and is free',
    'again when it falls off. The line goes on to where the next call is free. --watch draws it anew every second.',
  ].join('\n'),
  async run(args, context) {
    const { watch } = readArguments(args, [], { watch: flag }).values;
    if (watch && context.json) throw new WrongUsage('--watch is for people; tail --json is for programs');
    return watch ? keepWatching(context) : show(context);
  },
};

async function show({ api, screen, json, document }: Context) {
  const time = await projectTime(api);
  const standing = await lookAround(api, time);
  if (json) document(asDocument(standing));
  else screen.print(statusLines(standing, time.now(), screen.look));
  // Windows that nobody knows are no answer to "can I call now?".
  return 'is' in standing.budgets ? 0 : 1;
}

async function keepWatching({ api, screen, signal }: Context): Promise<never> {
  const time = await projectTime(api);
  let lines: readonly string[] = [];
  screen.clear();
  for (;;) {
    try {
      lines = statusLines(await lookAround(api, time), time.now(), screen.look);
      screen.repaint(lines);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      screen.repaint([screen.look.paint.wrong(`${error.message}; asking again …`), ...lines.slice(1)]);
    }
    await sleep(everyMs, undefined, { signal });
  }
}

/** Everything at once; what is away leaves the rest as it is. */
async function lookAround(api: Api, { clock }: ProjectTime): Promise<Standing> {
  const part = async <T>(path: string): Promise<Part<T>> => {
    try {
      return { is: await api.get<T>(path) };
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 503) return { away: error.message };
      throw error;
    }
  };
  const [budgets, queue, alerts, commands, schedule] = await Promise.all([
    part<Of<'budgets'>>('/v1/budgets'),
    part<Of<'queue'>>('/v1/queue'),
    part<Of<'alerts'>>('/v1/alerts?state=open'),
    part<Of<'commands'>>('/v1/commands?limit=20'),
    part<Of<'schedule'>>('/v1/schedule'),
  ]);
  return { clock, budgets, queue, alerts, commands, schedule };
}

type Of<P extends keyof Standing> = Extract<Standing[P], { is: unknown }>['is'];

/** What is away is null. */
function asDocument({ clock, budgets, queue, alerts, schedule }: Standing) {
  const of = <T>(part: Part<T>) => ('is' in part ? part.is : null);
  return {
    clock,
    budgets: of(budgets)?.items ?? null,
    queue: of(queue),
    alerts: of(alerts)?.items ?? null,
    schedule: of(schedule),
  };
}
