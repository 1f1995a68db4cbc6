// The two standard protocols of gRPC that a daemon speaks beside its own, health and reflection, and what reflection needs to
// read its own descriptors. Loaded with the options of client/protos.ts, apart from it: a client needs none of this.

import { loadSync } from '@grpc/proto-loader';
import type { MessageTypeDefinition, PackageDefinition } from '@grpc/proto-loader';
import { LOADER_OPTIONS, PROTO_DIRECTORY } from '../client/protos.js';
import type { HealthDefinition } from '../generated/grpc/health/v1/Health.js';
import type { ServerReflectionDefinition } from '../generated/grpc/reflection/v1/ServerReflection.js';

function load(file: string): PackageDefinition {
  return loadSync(file, { includeDirs: [PROTO_DIRECTORY], ...LOADER_OPTIONS });
}

export const HEALTH_PACKAGE = load('grpc/health/v1/health.proto');
export const REFLECTION_PACKAGE = load('grpc/reflection/v1/reflection.proto');

/** Methods of grpc.health.v1.Health. */
export const HEALTH = HEALTH_PACKAGE['grpc.health.v1.Health'] as unknown as HealthDefinition;
/** Methods of grpc.reflection.v1.ServerReflection. */
export const REFLECTION = REFLECTION_PACKAGE[
  'grpc.reflection.v1.ServerReflection'
] as unknown as ServerReflectionDefinition;

/** Of google.protobuf.FileDescriptorProto, what reflection looks at. */
interface FileDescriptor {
  readonly name: string;
}

/** Reads the descriptor of a file; the loader brings the definition along. */
export const FILE_DESCRIPTOR = loadSync('google/protobuf/descriptor.proto', LOADER_OPTIONS)[
  'google.protobuf.FileDescriptorProto'
] as unknown as MessageTypeDefinition<FileDescriptor, FileDescriptor>;
