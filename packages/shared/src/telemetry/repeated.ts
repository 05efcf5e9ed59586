export interface RepeatedFailure {
  failed(error: unknown): void;
  succeeded(): void;
}

/** Reports a failure that repeats: the first time, and then once a minute until `succeeded`. */
export function repeatedFailure(report: (error: unknown) => void): RepeatedFailure {
  let reportedAt: number | undefined;
  return {
    failed(error) {
      const now = performance.now();
      if (reportedAt !== undefined && now - reportedAt < reportEveryMs) return;
      reportedAt = now;
      report(error);
    },
    succeeded() {
      reportedAt = undefined;
    },
  };
}

/** Real ms. */
const reportEveryMs = 60_000;
