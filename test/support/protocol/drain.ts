import type { Simulation } from './simulation';

const MAX_ROUNDS = 400;

/** Faults end: everything that lives goes on, a dead attempt is replaced, what is in the network arrives. Then all must be done. */
export async function drain(
  simulation: Simulation,
  options: {
    readonly dropsLate?: boolean;
    /** A move was lost on both sides: a zombie that knows it may take the row of a finished shard back, which the coordinator sees. */
    readonly isLookedAfter?: boolean;
  } = {},
): Promise<void> {
  for (const attempt of simulation.attempts) attempt.isFrozen = false;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    if (isAtRest(simulation)) {
      if (!options.isLookedAfter || simulation.table.row?.position.at === 'SHARD_END') return checkEnd(simulation);
      simulation.temporal.startAgain();
    }
    if (options.dropsLate) simulation.late.length = 0;
    await simulation.deliverLate();
    if (!simulation.temporal.isFinished && simulation.current.length === 0) simulation.timeOut();
    for (const attempt of simulation.live) await simulation.advance(attempt);
  }
  simulation.ledger.violate('liveness', `not finished after ${MAX_ROUNDS} rounds without a fault`);
}

function isAtRest({ temporal, live, late }: Simulation): boolean {
  return temporal.isFinished && live.length === 0 && late.length === 0;
}

function checkEnd({ records, ledger, table }: Simulation): void {
  const missing = records.filter((record) => ledger.handlings(record).length === 0 && !ledger.isSetAside(record));
  if (missing.length > 0) ledger.violate('I2', `never handled: ${missing.join(', ')}`);
  // A row that the adversary changed after the end was committed says nothing: the coordinator will look after that shard.
  const isChangedSince = ledger.endedInEpoch !== undefined && ledger.endedInEpoch < ledger.epoch;
  if (!isChangedSince && table.row?.position.at !== 'SHARD_END')
    ledger.violate('liveness', 'finished, but the end is not committed');
}
