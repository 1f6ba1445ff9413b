import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A US domestic flight of 2001, as the npm package vega-datasets has it. */
export interface Flight {
  readonly date: string;
  /** Minutes; negative if early. */
  readonly delay: number;
  /** Miles. */
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

export interface AirportFigures {
  readonly flights: number;
  readonly delayMinutes: number;
}

export const MOST_FLIGHTS = 20_000;

/** The first flights of the file, which is sorted by date. */
export function readFlights(count: number): Flight[] {
  const file = path.resolve(path.dirname(require.resolve('vega-datasets')), '../data/flights-20k.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as Flight[]).slice(0, count);
}

/** What the consumer must arrive at. */
export function figuresOf(flights: readonly Flight[]): Map<string, AirportFigures> {
  const figures = new Map<string, AirportFigures>();
  for (const { origin, delay } of flights) {
    const { flights: count, delayMinutes } = figures.get(origin) ?? { flights: 0, delayMinutes: 0 };
    figures.set(origin, { flights: count + 1, delayMinutes: delayMinutes + delay });
  }
  return figures;
}
