/** A proof run once its world stands. */
export interface ConductedRun<Evidence> {
  /** Far above what a slow machine takes. */
  readonly limitMs: number;
  /** From the first record to the last checkpoint. */
  complete(): Promise<void>;
  /** What must be read while everything still runs; also asked after a problem. */
  gather(): Promise<Evidence>;
  /** Where everything stood, for people. Asked after a problem. */
  standing(): Promise<string>;
  close(): Promise<void>;
}

export interface Conducted<Run, Evidence> {
  readonly run: Run;
  readonly evidence?: Evidence;
  /** Why the run did not come to its end; its evidence covers what happened until then. */
  readonly problem?: unknown;
  readonly standing?: string;
}

/** Leads a run to its end, or to its first problem or time limit. Rejects only with the reason of `interruption`. */
export async function conduct<Evidence, Run extends ConductedRun<Evidence>>(
  interruption: AbortSignal,
  create: (signal: AbortSignal, onProblem: (problem: unknown) => void) => Promise<Run>,
): Promise<Conducted<Run, Evidence>> {
  const failure = new AbortController();
  const onProblem = (problem: unknown): void => failure.abort(problem);
  const run = await create(AbortSignal.any([interruption, failure.signal]), onProblem);
  const lateness = new Error(`the run was not over after ${Math.round(run.limitMs / 1_000)} s`);
  const overtime = setTimeout(() => failure.abort(lateness), run.limitMs);
  let problem = await problemOf(run.complete());
  clearTimeout(overtime);
  // What still runs on behalf of the run must not outlive it.
  failure.abort(problem);
  let evidence: Evidence | undefined;
  let standing: string | undefined;
  if (!interruption.aborted) {
    const gathered = problemOf(run.gather().then((found) => (evidence = found)));
    problem ??= await gathered;
    if (problem !== undefined) standing = await run.standing();
    await gathered;
  }
  await run.close();
  interruption.throwIfAborted();
  return { run, evidence, problem, standing };
}

async function problemOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error ?? new Error('failed without a reason');
  }
}

/** What a proof came to. */
export interface Outcome<Report> {
  readonly report: Report;
  /** Why the run did not come to its end; its report covers what happened until then. */
  readonly problem?: unknown;
  /** Where each shard stood then. */
  readonly standing?: string;
}
