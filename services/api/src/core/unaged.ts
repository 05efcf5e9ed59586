/** An answer without what changes by the mere passing of time: ages, and the moment at which it was made. */
export const unaged = (json: string): string =>
  json.replace(/^\{"at":"[^"]*",|"\w*[aA]geSeconds":(?:\d+|null),?/g, '');
