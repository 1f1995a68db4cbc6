// What a balancer's configuration is made from: the cluster's nodes and where the balancer listens, as plain data. Each product's
// writer turns it into text; none of them asks anybody.

/** A node behind the balancer. */
export interface Backend {
  readonly name: string;
  readonly host: string;
  /** Where traffic goes. */
  readonly port: number;
  /** Where `/primary` and `/read-only` are asked. */
  readonly httpPort: number;
}

export interface Plan {
  readonly cluster: string;
  readonly backends: readonly Backend[];
  /** Where the balancer takes what is for the primary, and what any member that is not behind may answer. */
  readonly primaryBind: Endpoint;
  readonly readBind: Endpoint;
  /** Between two checks of one node. */
  readonly checkMs: number;
  /** File of the CA of the nodes' certificates; null: the checks are plain HTTP. */
  readonly caFile: string | null;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Lines that every product's comment begins with. */
export function headerLines({ cluster, backends }: Plan, product: string): string[] {
  return [
    `# ${product} in front of cluster ${cluster}: ${backends.map(({ name }) => name).join(', ')}.`,
    '# Made by `quorate lb`; make it again when members come or go.',
  ];
}

/** A host as products write it before a port. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
