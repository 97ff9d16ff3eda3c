/** Every action on one resource. */
export interface Mask {
  /** For each permission, by its number, 1 when it is allowed and 0 when not. */
  readonly bytes: Uint8Array;
  /** Whether a permission, by name or by number, is allowed. */
  can(permission: string | number): boolean;
}

/** Every action on each row of a page, as of when it was asked. */
export class Masks {
  /** For each row and in it for each permission, 1 when it is allowed and 0 when not. */
  readonly bytes: Uint8Array;
  /** How many permissions a row has. */
  readonly stride: number;
  readonly #number: (permission: string) => number;

  constructor(bytes: Uint8Array, stride: number, number: (permission: string) => number) {
    this.bytes = bytes;
    this.stride = stride;
    this.#number = number;
  }

  /** Whether a permission, by name or by number, is allowed on a row. */
  can(permission: string | number, row: number): boolean {
    const column = typeof permission === "number" ? permission : this.#number(permission);
    return column >= 0 && column < this.stride && this.bytes[row * this.stride + column] === 1;
  }

  row(row: number): Mask {
    const bytes = this.bytes.subarray(row * this.stride, (row + 1) * this.stride);
    return { bytes, can: (permission) => this.can(permission, row) };
  }
}
