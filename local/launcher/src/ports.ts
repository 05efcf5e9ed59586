import { freePort, portIsFree } from '@paceline/embedded';

/** Where a part listens, given the port at which everybody expects it. */
export type FindPort = (usual: number) => Promise<number>;

/** The usual port, unless somebody else has it. */
export const usualPort: FindPort = async (usual) => ((await portIsFree(usual)) ? usual : freePort());
