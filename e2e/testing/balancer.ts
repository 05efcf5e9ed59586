import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type Balancer = Awaited<ReturnType<typeof startBalancer>>;

/** Real ms between two probes of a backend; one failed probe takes it out, as in Kubernetes a stopping pod is. */
const probeMs = 200;

/** A TCP load balancer: a new connection goes to the next backend that is ready. @param urls of the backends */
export async function startBalancer(urls: readonly string[]) {
  let ready: string[] = [];
  let turn = 0;
  const sockets = new Set<Socket>();
  const probe = async () => {
    const found = await Promise.all(
      urls.map(async (url) => {
        const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(
          () => null,
        );
        return response?.ok ? [url] : [];
      }),
    );
    ready = found.flat();
  };
  await probe();
  const timer = setInterval(() => void probe(), probeMs);
  const server = createServer((near) => {
    const url = ready[(turn += 1) % ready.length];
    if (url === undefined) {
      near.destroy();
      return;
    }
    const far = connect(Number(new URL(url).port), '127.0.0.1');
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {
        near.destroy();
        far.destroy();
      });
      socket.on('close', () => sockets.delete(socket));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ready: (): readonly string[] => ready,
    async close() {
      clearInterval(timer);
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
