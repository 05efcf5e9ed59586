/** The one budget that is looked at. */
export const place = { account: 'team', endpoint: 'riders_single' } as const;
