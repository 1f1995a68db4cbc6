// Maintenance.Install: the configuration file of the node that is asked, read once more. Which file may be opened and what of it
// takes effect is the daemon's own business behind a port; here the request is checked and the answer put together.

import type { InstallRequest__Output } from '../generated/quorate/v1/InstallRequest.js';
import type { InstallResponse } from '../generated/quorate/v1/InstallResponse.js';
import { QuorateError } from '../errors.js';
import type { CallContext } from './call-context.js';
import { nameOfOwn } from './modules.js';
import type { ServiceModules } from './modules.js';
import { checkReason, checkText, invalid } from './validate.js';

const PATH_BYTES_MAX = 4096;
const SHA256_BYTES = 32;

/** Answers Maintenance.Install: once everything that can take effect without a restart has. */
export async function install(
  modules: ServiceModules,
  { file, sha256, dryRun, reason }: InstallRequest__Output,
  context: CallContext,
): Promise<InstallResponse> {
  checkReason(reason);
  checkText('file', file, 0, PATH_BYTES_MAX);
  if (sha256.length !== 0 && sha256.length !== SHA256_BYTES) {
    throw invalid('sha256', `expected ${SHA256_BYTES} bytes, got ${sha256.length}`);
  }
  const { configuration = null, node, log } = modules;
  if (configuration === null) {
    throw new QuorateError('OTHER_CONFIG_FILE', 'the daemon was started without a file');
  }
  if (!dryRun)
    log.info({ who: context.who, reason, request: context.requestId }, 'an install was asked for');
  const digest = Buffer.from(sha256).toString('hex');
  const differences = await configuration.install({ file, sha256: digest, dryRun });
  const own = nameOfOwn(modules, node.outline());
  return { node: own, file: configuration.file ?? '', differences };
}
