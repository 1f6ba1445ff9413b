import type { SliceScene } from './slice-scene';

/** Lets time pass at once, for the activity and for Kinesis. `jest.restoreAllMocks` ends it. */
export function jumpingClock(scene: SliceScene): (ms: number) => void {
  let jumpMs = 0;
  const now = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => now() + jumpMs);
  return (ms) => {
    jumpMs += ms;
    scene.server.advanceClock(ms);
  };
}
