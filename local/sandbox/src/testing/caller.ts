import type { Sandbox } from '../sandbox.ts';

/** Calls a sandbox's API the way a client does: raw key, JSON. `path` begins after the base URL. */
export const callerOf =
  (sandbox: Sandbox, key = 'sandbox-key') =>
  (path: string, body?: unknown, init: RequestInit = {}): Promise<Response> =>
    fetch(`${sandbox.url}${path}`, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: { Authorization: key },
      ...init,
    });

/** Sends a command to the sandbox's control endpoints. */
export const control = (
  sandbox: Sandbox,
  path: string,
  body: unknown = {},
  method = 'POST',
): Promise<Response> => fetch(`${sandbox.controlUrl}${path}`, { method, body: JSON.stringify(body) });
