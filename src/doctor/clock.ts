import { ok, skipped, wrong, type Finding } from './finding';

/** What a server's clock said, and when it was asked. Epoch milliseconds by this machine's clock. */
export interface ClockReading {
  readonly server: string;
  readonly sentMs: number;
  readonly receivedMs: number;
  /** From the `Date` header, whole seconds; left out where there is none. */
  readonly serverMs?: number;
}

/** AWS refuses requests from 5 minutes on; fences and ages are wrong by the skew before that. */
const TOLERATED_MS = 5_000;
const HEADER_RESOLUTION_MS = 1_000;

/** The smallest skew that explains the readings: what the network and the header's resolution may account for is not counted. */
export function judgeClock(readings: readonly ClockReading[]): Finding {
  const skews = readings.flatMap(({ server, sentMs, receivedMs, serverMs }) => {
    if (serverMs === undefined) return [];
    const ahead = serverMs - receivedMs;
    const behind = sentMs - (serverMs + HEADER_RESOLUTION_MS);
    return [{ server, skewMs: Math.max(0, ahead, behind), isBehind: ahead > 0 }];
  });
  const [worst] = skews.toSorted((a, b) => b.skewMs - a.skewMs);
  if (worst === undefined) return skipped('no server says what time it is');
  const { server, skewMs, isBehind } = worst;
  const what = `${(skewMs / 1_000).toFixed(1)} s ${isBehind ? 'behind' : 'ahead of'} ${server}`;
  if (skewMs <= TOLERATED_MS) return ok(skewMs === 0 ? 'agrees with the servers' : what);
  return wrong(`this machine is ${what}`, 'Let NTP (chrony, systemd-timesyncd) set the clock.');
}
