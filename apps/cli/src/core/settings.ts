/** A setting that is not written as it should be. */
export class WrongSetting extends Error {
  override name = 'WrongSetting';
}

/** A change of the schedule as the API takes it; whether its values make sense the API says. */
export interface ScheduleChange {
  readonly timeZone?: string;
  readonly kinds?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/**
 * Settings such as `near.duration=8m`, `results.mode=on` and `timeZone=UTC`, as one change.
 * @throws {WrongSetting}
 */
export function changeOf(settings: readonly string[]): ScheduleChange {
  const kinds: Record<string, Record<string, string>> = {};
  let timeZone: string | undefined;
  for (const setting of settings) {
    const [, name, kind, field, value = ''] = /^((\w+)(?:\.(\w+))?)=(.*)$/s.exec(setting) ?? [];
    if (name === 'timeZone') timeZone = value;
    else if (kind !== undefined && field !== undefined) (kinds[kind] ??= {})[field] = value;
    else throw new WrongSetting(`"${setting}" must look like near.duration=8m or timeZone=Europe/Stockholm`);
  }
  return {
    ...(timeZone !== undefined && { timeZone }),
    ...(Object.keys(kinds).length > 0 && { kinds }),
  };
}

/** Promises such as `near=60m` and `far=cycle`. @throws {WrongSetting} */
export function promisesOf(promises: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    promises.map((promise) => {
      const [, kind, within] = /^(\w+)=(.+)$/.exec(promise) ?? [];
      if (kind === undefined || within === undefined)
        throw new WrongSetting(`"${promise}" must look like near=60m or far=cycle`);
      return [kind, within];
    }),
  );
}
