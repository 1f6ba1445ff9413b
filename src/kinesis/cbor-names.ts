/** A field's name, in words of four bytes: comparing them is what reading a page does most. */
interface KnownName {
  readonly bytes: Buffer;
  readonly words: readonly number[];
}

/** Names of fields to look for, each at least four bytes long. */
export class CborNames {
  private readonly known: readonly KnownName[];

  constructor(...names: readonly string[]) {
    this.known = names.map((name) => {
      const bytes = Buffer.from(name);
      return { bytes, words: offsetsOf(bytes.length).map((offset) => bytes.readInt32BE(offset)) };
    });
  }

  /** Which one lies there, -1 if none. `guess` is looked at first: fields mostly come in one order. */
  placeOf(view: DataView, start: number, length: number, guess: number): number {
    const guessed = this.known[guess];
    if (guessed !== undefined && guessed.bytes.length === length && isAt(view, start, guessed)) return guess;
    for (let place = 0; place < this.known.length; place += 1) {
      const name = this.known[place];
      if (name !== undefined && name.bytes.length === length && isAt(view, start, name)) return place;
    }
    return -1;
  }

  placeOfText(text: string): number {
    const bytes = Buffer.from(text);
    return this.known.findIndex((name) => name.bytes.equals(bytes));
  }
}

/** The last word overlaps the one before it where the length is no multiple of four. */
function offsetsOf(length: number): number[] {
  return Array.from({ length: Math.ceil(length / 4) }, (_, index) => Math.min(index * 4, length - 4));
}

function isAt(view: DataView, start: number, { bytes, words }: KnownName): boolean {
  const last = words.length - 1;
  for (let index = 0; index < last; index += 1) if (view.getInt32(start + index * 4) !== words[index]) return false;
  return view.getInt32(start + bytes.length - 4) === words[last];
}
