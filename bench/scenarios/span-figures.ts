import type { Span } from '../programs/messages';

/** Largest sensible duration of one run. */
export const RUN_LIMIT_MS = 600_000;

export function spanFigures({ records, bytes, wallMs, cpuMs, peakRssMb }: Span): Record<string, number> {
  return {
    recordsPerSecond: records / (wallMs / 1_000),
    recordsPerCpuSecond: records / (cpuMs / 1_000),
    megabytesPerSecond: bytes / 1e6 / (wallMs / 1_000),
    wallSeconds: wallMs / 1_000,
    cpuSeconds: cpuMs / 1_000,
    cpuMicrosecondsPerRecord: (cpuMs * 1_000) / records,
    peakRssMb,
  };
}
