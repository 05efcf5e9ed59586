import type { Route } from '@paceline/launcher';
import { type Condition, type Link, openLink } from './link.ts';

/** Every way of every process to what it talks to, by names like `rider-sync>broker`. */
export interface Links {
  readonly route: Route;
  /** @throws {Error} when there is no link of this name */
  become(name: string, condition: Condition): void;
  close(): void;
}

export function createLinks(): Links {
  const links = new Map<string, Link[]>();
  return {
    async route(service, target, url) {
      const name = `${service}>${target}`;
      const through = async (one: string) => {
        const parsed = new URL(one);
        const link = await openLink(parsed.hostname, Number(parsed.port));
        links.set(name, [...(links.get(name) ?? []), link]);
        parsed.hostname = '127.0.0.1';
        parsed.port = String(link.port);
        return parsed.href.replace(/\/$/, '');
      };
      // A cluster has several servers: each is a way of its own.
      return (await Promise.all(url.split(',').map(through))).join(',');
    },
    become(name, condition) {
      const its = links.get(name);
      if (!its) throw new Error(`there is no link ${name}`);
      for (const link of its) link.become(condition);
    },
    close() {
      for (const link of [...links.values()].flat()) link.close();
    },
  };
}
