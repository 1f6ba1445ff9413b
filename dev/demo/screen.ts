import { MultiBar, Presets, type SingleBar } from 'cli-progress';

/** What the audience sees: a line per act, and a progress bar on a terminal or a line per quarter elsewhere. */
export class Screen {
  private readonly startedAtMs = performance.now();
  private bars: { readonly all: MultiBar; readonly put: SingleBar; readonly handled: SingleBar } | undefined;
  private quarters = 0;

  constructor(private readonly out: NodeJS.WriteStream) {}

  /** A line with the time since the start. */
  say(line: string): void {
    const seconds = ((performance.now() - this.startedAtMs) / 1_000).toFixed(1).padStart(6);
    this.print(`${seconds} s  ${line}`);
  }

  print(text: string): void {
    if (this.bars) this.bars.all.log(`${text}\n`);
    else this.out.write(`${text}\n`);
  }

  startProgress(total: number): void {
    if (!this.out.isTTY) return;
    const format = '          {what} {bar} {value} of {total}';
    const all = new MultiBar(
      { format, stream: this.out, barsize: 40, hideCursor: true, gracefulExit: false },
      Presets.shades_classic,
    );
    const put = all.create(total, 0, { what: 'put    ' });
    this.bars = { all, put, handled: all.create(total, 0, { what: 'handled' }) };
  }

  progress(put: number, handled: number, total: number): void {
    this.bars?.put.update(put);
    this.bars?.handled.update(handled);
    const quarters = Math.floor((4 * handled) / total);
    if (this.bars || quarters <= this.quarters) return;
    this.quarters = quarters;
    this.say(`${thousands(put)} put, ${thousands(handled)} handled of ${thousands(total)}`);
  }

  endProgress(): void {
    const { bars } = this;
    if (!bars) return;
    bars.all.update();
    bars.all.stop();
    this.bars = undefined;
  }
}

export function thousands(value: number): string {
  return value.toLocaleString('en-US');
}
