/** What a service talks to. */
export type Target = 'broker' | 'database' | 'upstream';

/** By which URL a service reaches a target that is at `url`: whoever tries out bad networks puts something between. */
export type Route = (service: string, target: Target, url: string) => Promise<string>;

const variables = { NATS_URL: 'broker', DATABASE_URL: 'database', ZWIFTRACING_BASE_URL: 'upstream' } as const;

/** The environment of a service, with the URLs by which it is to reach its targets. */
export async function routed(
  service: string,
  env: NodeJS.ProcessEnv,
  route: Route | undefined,
): Promise<NodeJS.ProcessEnv> {
  const result = { ...env };
  for (const [variable, target] of Object.entries(variables)) {
    const url = env[variable];
    if (route && url) result[variable] = await route(service, target, url);
  }
  return result;
}
