// Maintenance.ExportRecord: the flight record of the node that is asked, as the file that it would be, in pieces as fast as the
// caller reads. What is recorded meanwhile is not in it. What a record holds stands in src/recorder.

import type { ServerWritableStream } from '@grpc/grpc-js';
import { QuorateError } from '../errors.js';
import type { ExportRecordRequest__Output } from '../generated/quorate/v1/ExportRecordRequest.js';
import type { ExportRecordResponse } from '../generated/quorate/v1/ExportRecordResponse.js';
import { nameOfOwn } from './modules.js';
import type { ServiceModules } from './modules.js';
import { sent } from './streams.js';

const PIECE_BYTES_MAX = 256 * 1024;

/** Sends the record; done when all is sent or the caller has gone away. */
export async function exportRecord(
  modules: ServiceModules,
  stream: ServerWritableStream<ExportRecordRequest__Output, ExportRecordResponse>,
): Promise<void> {
  const { node, record = null } = modules;
  const pieces = record?.exported() ?? null;
  const own = nameOfOwn(modules, node.outline());
  if (pieces === null) throw new QuorateError('NOTHING_RECORDED', `${own} has recorded nothing`);
  const totalBytes = pieces.reduce((sum, { length }) => sum + length, 0);
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += PIECE_BYTES_MAX) {
      const part = piece.subarray(at, at + PIECE_BYTES_MAX);
      const data = Buffer.from(part.buffer, part.byteOffset, part.length);
      if (!(await sent(stream, { node: own, totalBytes, data }))) return;
    }
  }
}
