import type { Protection, ProtectionReport } from '../checkpoints/table-protection';

const NAMES: Readonly<Record<Protection, string>> = {
  pointInTimeRecovery: 'point-in-time recovery',
  deletionProtection: 'deletion protection',
  timeToLive: 'time-to-live',
};

const WHILE_OFF: Readonly<Record<Protection, string>> = {
  pointInTimeRecovery: 'a table that is lost or overwritten cannot be brought back',
  deletionProtection: 'one DeleteTable deletes every checkpoint',
  timeToLive: 'what should expire stays for ever',
};

export function nameOfProtection(protection: Protection): string {
  return NAMES[protection];
}

/** One line for each protection. */
export function renderProtections(reports: readonly ProtectionReport[]): string {
  return reports.map((report) => `  ${NAMES[report.protection].padEnd(22)}  ${describe(report)}`).join('\n');
}

function describe({ protection, state, detail }: ProtectionReport): string {
  if (state === 'unsupported') return `NOT SUPPORTED HERE: ${detail ?? 'this endpoint has no such call'}`;
  if (state === 'on') return detail === undefined ? 'on' : `on, ${detail}`;
  return `OFF: ${detail ?? WHILE_OFF[protection]}`;
}
