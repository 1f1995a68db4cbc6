// Services, policies and this node's own processes as rows of the Command Center. Processes are no part of the state: the keeper is
// asked for them, and what is configured is shown where it does not answer.

import { POLICIES, PROCESSES, SERVICES } from '../client/protos.js';
import type { ProcessView } from '../keeper/process-view.js';
import { nameOfMember } from '../service/modules.js';
import { providerKey } from '../state-machine/service-types.js';
import { secret } from './fact-kinds.js';
import type { FactSource } from './fact-source.js';
import type { PolicyRow, ProcessRow, ServiceRow } from './feed.js';

/** For the keeper to say what runs. */
const KEEPER_ANSWER_MS = 1_000;

export const processFacts: FactSource<ProcessRow> = {
  method: PROCESSES.List.path,
  isOwn: true,
  total: ({ processes }) => processes?.processes.length ?? 0,
  async page({ processes }, after) {
    if (processes === null || processes === undefined) return { found: [], isMore: false };
    const views = await processes.look(KEEPER_ANSWER_MS);
    const rows = processes.processes.map((configured): ProcessRow => {
      const view = views?.find(({ name }) => name === configured.name) ?? null;
      return view === null ? unseen(configured) : seen(view);
    });
    // In the order in which they start, which is how people know them.
    const from = rows.findIndex(({ name }) => name === after) + 1;
    const found = rows.slice(from).map((row) => ({
      key: row.name,
      words: [row.name, row.group ?? '', row.state ?? ''],
      row: () => row,
    }));
    return { found, isMore: false };
  },
};

function seen(view: ProcessView): ProcessRow {
  const { name, group, primaryOnly, state, pid, epoch, restarts } = view;
  const { cpuPercent, memoryBytes, uptimeMs, why } = view;
  const used = { cpuPercent, memoryBytes, uptimeMs };
  return { name, group, isPrimaryOnly: primaryOnly, state, pid, epoch, restarts, ...used, why };
}

function unseen({ name, group, primaryOnly }: Pick<ProcessView, 'name' | 'group' | 'primaryOnly'>) {
  const nothing = { state: null, pid: null, epoch: null, restarts: 0, why: null };
  const unused = { cpuPercent: null, memoryBytes: null, uptimeMs: null };
  return { name, group, isPrimaryOnly: primaryOnly, ...nothing, ...unused };
}

export const serviceFacts: FactSource<ServiceRow> = {
  method: SERVICES.List.path,
  total: ({ node }) => node.state.services.size,
  page({ node }, after, countMax) {
    const bytesMax = Number.POSITIVE_INFINITY;
    const wish = { prefix: '', after, countMax, bytesMax };
    const { providers, isMore } = node.state.services.list(wish);
    const found = providers.map(({ service, id, address, load, health, revision, nodeId }) => {
      const at = nameOfMember(node, nodeId);
      const row = { service, id, node: at, address, load, health, revision };
      const words = [service, id, at, address, health];
      return { key: providerKey(service, id), words, row: () => row };
    });
    return { found, isMore };
  },
};

export const policyFacts: FactSource<PolicyRow> = {
  method: POLICIES.List.path,
  total: ({ node }) => node.state.policies.size,
  page({ node }, after, countMax) {
    const wish = { prefix: '', after, countMax, withDeleted: false };
    const { policies, isMore } = node.state.policies.list(wish);
    const found = policies.flatMap(({ name, versions }) => {
      const { version, revision, document } = versions.at(-1) ?? {};
      if (version === undefined || revision === undefined) return [];
      const known = document ?? new Uint8Array();
      const row = (isOpen: boolean): PolicyRow => ({
        name,
        version,
        bytes: known.byteLength,
        revision,
        document: isOpen ? secret(known) : null,
      });
      return [{ key: name, words: [name], row }];
    });
    return { found, isMore };
  },
};
