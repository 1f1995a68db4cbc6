// Sets of slots as bits in 32-bit words. The words are made once and changed in place.

/** Whether the slot is in the set. */
export function hasSlot(mask: Int32Array, slot: number): boolean {
  return ((mask[slot >> 5] as number) & (1 << (slot & 31))) !== 0;
}

/** Puts the slot into the set, or takes it out. */
export function setSlot(mask: Int32Array, slot: number, isIn: boolean): void {
  const bit = 1 << (slot & 31);
  const word = mask[slot >> 5] as number;
  mask[slot >> 5] = isIn ? word | bit : word & ~bit;
}
