import { IncomingWebhook } from '@slack/webhook';

/** Tells a chat something. @throws when it could not be told */
export type Tell = (text: string) => Promise<void>;

/** Real ms. */
const patience = 10_000;

/** A chat behind an incoming webhook. */
export function slack(url: string): Tell {
  const webhook = new IncomingWebhook(url, { timeout: patience });
  return async (text) => {
    await webhook.send({ text });
  };
}
