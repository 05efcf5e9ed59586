import { type Lane, lanes } from '@paceline/shared/definition';

export * from './budgets.ts';
export * from './commands.ts';
export * from './runs.ts';
export * from './time.ts';

/** A text of the API with its lanes by their labels. */
export const withLabels = (text: string): string =>
  text.replaceAll(/[a-z]+(?:_[a-z]+)+/g, (name) => lanes[name as Lane]?.label ?? name);
