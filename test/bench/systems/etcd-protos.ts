// The methods of etcd that are compared, loaded from a copy of its definitions beside this folder. Field numbers are etcd's; what
// the benchmark does not use is left out.

import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import type { MethodDefinition, ServiceDefinition } from '@grpc/proto-loader';

const file = fileURLToPath(new URL('../proto/etcd.proto', import.meta.url));
const service = loadSync(file, { longs: Number, defaults: true })[
  'etcdserverpb.KV'
] as ServiceDefinition;

function method(name: string): MethodDefinition<object, object> {
  const found = service[name];
  if (found === undefined) throw new Error(`${file} has no method ${name}`);
  return found;
}

export const KV = { Put: method('Put'), Range: method('Range'), Txn: method('Txn') } as const;
