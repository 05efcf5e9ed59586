import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { RequestError } from '@hono/node-server';
import { Problem, problemResponse } from './problem.ts';

/** What Node's parser says of a head or a body, as far as it is not only garbage. */
const problemOf: Readonly<Record<string, () => Problem>> = {
  HPE_HEADER_OVERFLOW: () => new Problem('head-too-large', 'A head may have 16 kB'),
  ERR_HTTP_REQUEST_TIMEOUT: () => new Problem('too-slow', 'The request did not come within its time'),
};
const garbage = () => new Problem('invalid-input', 'This is no request of HTTP/1.1');

const noRoute = '';

/** Refuses what no route ever sees, because it is no request, as every other refusal looks. */
export function refuseUnreadable(server: Pick<Server, 'on'>): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const problem = (problemOf[error.code ?? ''] ?? garbage)();
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else void endWith(problemResponse(problem, noRoute), socket);
  });
  server.on('checkExpectation', (_, response) => {
    const problem = new Problem('expectation-failed', 'The only expectation that is met is 100-continue');
    void endWith(problemResponse(problem, noRoute), response.socket);
  });
}

/** There is no response object for what is no request. */
async function endWith(answer: Response, socket: Duplex | null): Promise<void> {
  const body = await answer.text();
  socket?.end(
    [
      `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}`,
      `content-type: ${answer.headers.get('content-type')}`,
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

/** Older requests need none, as some probes are. */
export const lacksHost = ({ httpVersion, headers }: IncomingMessage): boolean =>
  httpVersion === '1.1' && headers.host === undefined;

export const refuseHostless = ({ socket }: ServerResponse): void =>
  void endWith(problemResponse(new Problem('invalid-input', 'The header Host is missing'), noRoute), socket);

/** What the adapter could make no request of, e.g. for its host or its path. */
export const refuseRequest = (error: unknown): Response =>
  problemResponse(
    error instanceof RequestError
      ? new Problem('invalid-input', error.message)
      : new Problem('unexpected', 'The API could not answer'),
    noRoute,
  );
