import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Runs these files first, in this order, so that the slowest does not start last. */
export const slowestFirst = (names: readonly string[]): typeof BaseSequencer => {
  const rank = ({ moduleId }: TestSpecification) => {
    const place = names.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
    return place === -1 ? names.length : place;
  };
  return class extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
    }
  };
};
