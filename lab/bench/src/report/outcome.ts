/** One line of a workload's table: who, and what was measured. */
export type Row = Readonly<Record<string, string | number>>;

/** A column of the table: its title, and how its numbers are written. */
export interface Column {
  readonly title: string;
  readonly show?: (value: number) => string;
}

/** What a workload came to. */
export interface Outcome {
  /** What its measurements mean and how they were taken; each a sentence or two. */
  readonly notes: readonly string[];
  /** By the key of a row's value. */
  readonly columns: Readonly<Record<string, Column>>;
  readonly rows: readonly Row[];
  readonly summary: Summary;
}

/** One line of the table of all workloads. */
export interface Summary {
  readonly measure: string;
  readonly ours: string;
  /** By the name of a peer: how many times as good Paceline is, or what there is to say instead. */
  readonly against: Readonly<Record<string, string>>;
  readonly met: boolean;
  /** By how much and why, when it was not met; else what is worth knowing. */
  readonly because: string;
}

export interface Workload {
  readonly id: string;
  readonly title: string;
  readonly goal: string;
  /** @param say takes a line about how far it is */
  run(say: (line: string) => void): Promise<Outcome>;
}
