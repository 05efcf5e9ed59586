import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'pg';
import { serveDuties } from './processes.ts';

/*
 * What is left to save of a call through the door: a server that keeps a row of each call before it makes it, as nothing else
 * would know of it after a crash, and passes the answer on. No permit, no checks, no limits, no traces.
 */

const insert = { name: 'insert', text: 'insert into bare_calls (id, path, at) values ($1, $2, $3)' };
const agent = new Agent({ keepAlive: true });

export interface BareDoor {
  readonly databaseUrl: string;
  readonly upstreamUrl: string;
  readonly key: string;
}

async function open({ databaseUrl, upstreamUrl, key }: BareDoor): Promise<string> {
  const pool = new Pool({ connectionString: databaseUrl });
  await pool.query('create table bare_calls (id uuid primary key, path text, at timestamptz)');
  const server = createServer((incoming, outgoing) => {
    const { url = '' } = incoming;
    void pool.query({ ...insert, values: [crypto.randomUUID(), url, new Date()] }).then(() => {
      request(`${upstreamUrl}${url}`, { agent, headers: { authorization: key } }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, { 'content-type': answer.headers['content-type'] });
        answer.pipe(outgoing);
      }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const duties = { open };
export type BareDoorDuties = typeof duties;
serveDuties(duties);
