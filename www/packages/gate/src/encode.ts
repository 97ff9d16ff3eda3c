/**
 * Writes a parsed JSON value flat, as the evaluator reads it (`lockstep_wire::Tree`): the browser has a
 * JSON parser, so the evaluator needs none, which halves its size.
 *
 * A value that the evaluator has no use for, such as a fraction, becomes null: what needs it is then
 * missing, and nothing is allowed for it.
 */
export function encode(value: unknown): Uint8Array {
  const writer = new Writer();
  writer.value(value);
  return writer.bytes();
}

const text = new TextEncoder();

class Writer {
  #buffer = new Uint8Array(1024);
  #length = 0;

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  value(value: unknown): void {
    if (typeof value === "string") {
      this.#byte(5);
      this.#text(value);
    } else if (typeof value === "boolean") {
      this.#byte(value ? 2 : 1);
    } else if (typeof value === "number" && Number.isSafeInteger(value)) {
      this.#byte(value < 0 ? 4 : 3);
      this.#number(Math.abs(value));
    } else if (Array.isArray(value)) {
      this.#byte(6);
      this.#number(value.length);
      for (const item of value) {
        this.value(item);
      }
    } else if (typeof value === "object" && value !== null) {
      const members = Object.entries(value).filter(([, member]) => member !== undefined);
      this.#byte(7);
      this.#number(members.length);
      for (const [name, member] of members) {
        this.#text(name);
        this.value(member);
      }
    } else {
      this.#byte(0);
    }
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#buffer[this.#length++] = byte;
  }

  #number(number: number): void {
    let rest = number;
    while (rest > 0x7f) {
      this.#byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#byte(rest);
  }

  #text(string: string): void {
    // UTF-8 has at most three bytes for each UTF-16 unit. The length stands before the bytes.
    this.#room(string.length * 3 + 8);
    const { length } = string;
    if (length < 0x80) {
      const start = this.#length;
      let at = start + 1;
      let index = 0;
      for (; index < length; index += 1) {
        const unit = string.charCodeAt(index);
        if (unit > 0x7f) break;
        this.#buffer[at++] = unit;
      }
      if (index === length) {
        this.#buffer[start] = length;
        this.#length = at;
        return;
      }
    }
    const bytes = text.encode(string);
    this.#number(bytes.length);
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
  }
}
