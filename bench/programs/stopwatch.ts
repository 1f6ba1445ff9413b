/** Wall and CPU time of this process since its start; CPU includes native threads (Temporal's core, garbage collection). */
export class Stopwatch {
  private readonly startedAtMs = performance.now();
  private readonly cpuAtStart = process.cpuUsage();

  read(): { wallMs: number; cpuMs: number; peakRssMb: number } {
    const { user, system } = process.cpuUsage(this.cpuAtStart);
    return {
      wallMs: performance.now() - this.startedAtMs,
      cpuMs: (user + system) / 1_000,
      // Kilobytes on every platform.
      peakRssMb: process.resourceUsage().maxRSS / 1_024,
    };
  }
}
