import type { WireFormat } from '../core/options';

export const CBOR_CONTENT_TYPE = 'application/x-amz-cbor-1.1';
export const JSON_CONTENT_TYPE = 'application/x-amz-json-1.1';

/** The form in which pages are asked for. With `auto` it is CBOR until an endpoint turns out not to know it, and JSON from then on. */
export class Wire {
  private hasFallenBack = false;
  private isProven = false;

  constructor(
    private readonly setting: WireFormat,
    private readonly onFallback: (why: string) => void = warn,
  ) {}

  get isCbor(): boolean {
    return this.setting !== 'json' && !this.hasFallenBack;
  }

  get mayFallBack(): boolean {
    return this.setting === 'auto' && !this.hasFallenBack;
  }

  /** The endpoint has answered in CBOR: whatever refuses a call from now on (a gateway in trouble, one odd page) does not speak for it. */
  prove(): void {
    this.isProven = true;
  }

  fallBack(why: string): void {
    // Calls that were under way at the same time find out the same.
    if (this.hasFallenBack || this.isProven) return;
    this.hasFallenBack = true;
    this.onFallback(why);
  }
}

function warn(why: string): void {
  process.emitWarning(`Kinesis is read as JSON from now on, which costs more CPU time: ${why}`, 'TidemarkWarning');
}
