import type { Sandbox } from '../sandbox.ts';

/** Calls a sandbox's API as a client does. `path` is relative to the base URL. */
export const callerOf =
  (sandbox: Sandbox, key = 'sandbox-key') =>
  (path: string, body?: unknown, init: RequestInit = {}): Promise<Response> =>
    fetch(`${sandbox.url}${path}`, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: { Authorization: key },
      ...init,
    });

/** Sends a request to the sandbox's control endpoints. */
export const control = (
  sandbox: Sandbox,
  path: string,
  body: unknown = {},
  method = 'POST',
): Promise<Response> => fetch(`${sandbox.controlUrl}${path}`, { method, body: JSON.stringify(body) });
