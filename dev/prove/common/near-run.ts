import { conduct, type ConductedRun, type Outcome } from './conduct';
import { startNearWorld, type NearWorld } from './world';

/** A run whose Kinesis is in this process. */
export interface NearRun<Evidence, Report> extends ConductedRun<Evidence> {
  /** Asked when everything has ended; without evidence if it could not be gathered. */
  judge(evidence: Evidence | undefined): Promise<Report>;
}

export interface NearStart {
  readonly world: NearWorld;
  readonly signal: AbortSignal;
  readonly onProblem: (problem: unknown) => void;
}

/** Starts the servers, leads a run to its end, and has it judged. */
export async function conductNear<Evidence, Report>(
  interruption: AbortSignal,
  create: (start: NearStart) => Promise<NearRun<Evidence, Report>>,
): Promise<Outcome<Report>> {
  const world = await startNearWorld();
  try {
    const { run, evidence, problem, standing } = await conduct<Evidence, NearRun<Evidence, Report>>(
      interruption,
      (signal, onProblem) => create({ world, signal, onProblem }),
    );
    return { report: await run.judge(evidence), problem, standing };
  } finally {
    await world.close();
  }
}
