import type { Report } from '../measure/report';

/** What `action` gives; undefined if it fails, which is reported and costs nobody else's figures. */
export async function attempt<T>(report: Report, what: string, action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    report.progress(`given up: ${what}: ${String(error)}`);
    return undefined;
  }
}

export function isThere<T>(value: T | undefined): value is T {
  return value !== undefined;
}
