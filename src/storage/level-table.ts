// Checks a LevelDB table file whole, before LevelDB reads it: `level` offers no option that verifies checksums, so that a
// single flipped bit can make a table look empty, or end the process on an assertion. Every block must match its CRC-32C,
// and the blocks must lie end to end from the first byte to the footer. Our database is opened without compression,
// because only then can the index be read here.
// Source: LevelDB doc/table_format.md, table/format.cc.

import { isSumOf, LevelReader } from './level-bytes.js';

const FOOTER_BYTES = 48;
/** Behind each block: its type, then the masked checksum of block and type. */
const TRAILER_BYTES = 5;
const MAGIC = 0xdb4775248b80fb57n;
const UNCOMPRESSED = 0;

export interface TableDamage {
  readonly offset: number;
  readonly detail: string;
}

interface Handle {
  readonly offset: number;
  readonly bytes: number;
}

/** What is wrong with a table; null: nothing. */
export function damageOfTable(bytes: Uint8Array): TableDamage | null {
  let at = Math.max(0, bytes.length - FOOTER_BYTES);
  try {
    const [metaIndex, index] = readFooter(bytes);
    at = index.offset;
    const blocks = readHandles(blockAt(bytes, index));
    at = metaIndex.offset;
    blocks.push(...readHandles(blockAt(bytes, metaIndex)), metaIndex, index);
    let expected = 0;
    for (const handle of blocks) {
      at = handle.offset;
      if (handle.offset !== expected)
        throw new Error('the blocks of a table do not lie end to end');
      blockAt(bytes, handle);
      expected += handle.bytes + TRAILER_BYTES;
    }
    at = expected;
    if (expected !== bytes.length - FOOTER_BYTES)
      throw new Error('a table is longer than its blocks');
    return null;
  } catch (cause) {
    return { offset: at, detail: cause instanceof Error ? cause.message : String(cause) };
  }
}

function readFooter(bytes: Uint8Array): [metaIndex: Handle, index: Handle] {
  if (bytes.length < FOOTER_BYTES) throw new Error('a table is shorter than its footer');
  const footer = bytes.subarray(bytes.length - FOOTER_BYTES);
  const view = new DataView(footer.buffer, footer.byteOffset, footer.byteLength);
  if (view.getBigUint64(FOOTER_BYTES - 8, true) !== MAGIC) {
    throw new Error('a table does not end with the mark of a table');
  }
  const reader = new LevelReader(footer);
  return [readHandle(reader), readHandle(reader)];
}

function readHandle(reader: LevelReader): Handle {
  return { offset: reader.varint(), bytes: reader.varint() };
}

/** The contents of a block that matches its checksum. */
function blockAt(bytes: Uint8Array, { offset, bytes: length }: Handle): Uint8Array {
  const end = offset + length + TRAILER_BYTES;
  if (end > bytes.length - FOOTER_BYTES) throw new Error('a block reaches beyond its table');
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, length + TRAILER_BYTES);
  if (!isSumOf(view.getUint32(length + 1, true), bytes.subarray(offset, offset + length + 1))) {
    throw new Error('a block does not match its checksum');
  }
  if (view.getUint8(length) !== UNCOMPRESSED) throw new Error('a block is compressed');
  return bytes.subarray(offset, offset + length);
}

/** The handles that an index block holds as values, in order. */
function readHandles(block: Uint8Array): Handle[] {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const restarts = view.getUint32(block.length - 4, true);
  const reader = new LevelReader(block.subarray(0, block.length - 4 * (restarts + 1)));
  const handles: Handle[] = [];
  while (reader.hasMore) {
    reader.varint();
    const unshared = reader.varint();
    const valueBytes = reader.varint();
    reader.slice(unshared);
    handles.push(readHandle(new LevelReader(reader.slice(valueBytes))));
  }
  return handles;
}
