// grpc.reflection.v1 and v1alpha: what this daemon serves, for tools such as grpcurl. The loader makes one descriptor for each
// package, named after it, and no package here needs another; so the answer to every question is one file.

import type { ServerDuplexStream, ServiceDefinition } from '@grpc/grpc-js';
import type {
  EnumTypeDefinition,
  MessageTypeDefinition,
  PackageDefinition,
} from '@grpc/proto-loader';
import { GRPC_CODES } from '../errors.js';
import type { ServerReflectionHandlers } from '../generated/grpc/reflection/v1/ServerReflection.js';
import type { ServerReflectionRequest__Output } from '../generated/grpc/reflection/v1/ServerReflectionRequest.js';
import type { ServerReflectionResponse } from '../generated/grpc/reflection/v1/ServerReflectionResponse.js';
import { messagesOf } from './messages-in.js';
import type { ServiceModules } from './modules.js';
import { FILE_DESCRIPTOR, REFLECTION } from './standard-protos.js';
import { sent, streaming } from './streams.js';

type ReflectionCall = ServerDuplexStream<ServerReflectionRequest__Output, ServerReflectionResponse>;
type Said = Omit<ServerReflectionResponse, 'validHost' | 'originalRequest'>;

/** The same messages under the name that older tools ask for. */
export const REFLECTION_ALPHA: ServiceDefinition = {
  ServerReflectionInfo: {
    ...REFLECTION.ServerReflectionInfo,
    path: '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
  },
};

/** What can be asked, by the packages that are served. */
export class Reflection {
  readonly #services: readonly string[];
  /** Bytes of the FileDescriptorProto, by name of the file. */
  readonly #files = new Map<string, Buffer>();
  /** Name of its file by full name of each service, method, message and enumeration. */
  readonly #fileOf = new Map<string, string>();

  /** `services`: full names of those that are served, as they are listed. */
  constructor(packages: readonly PackageDefinition[], services: readonly string[]) {
    this.#services = services;
    for (const definitions of packages) this.#index(definitions);
  }

  /** Answers one question. */
  answer(request: ServerReflectionRequest__Output): Said {
    switch (request.messageRequest) {
      case 'listServices':
        return { listServicesResponse: { service: this.#services.map((name) => ({ name })) } };
      case 'fileByFilename':
        return this.#file(request.fileByFilename ?? '', request.fileByFilename ?? '');
      case 'fileContainingSymbol': {
        const symbol = request.fileContainingSymbol ?? '';
        return this.#file(this.#fileWith(symbol), symbol);
      }
      case 'allExtensionNumbersOfType': {
        const type = request.allExtensionNumbersOfType ?? '';
        if (this.#fileWith(type) === null) return notFound(type);
        return { allExtensionNumbersResponse: { baseTypeName: type, extensionNumber: [] } };
      }
      case 'fileContainingExtension':
        return notFound(`an extension of ${request.fileContainingExtension?.containingType ?? ''}`);
      default: {
        const errorMessage = 'expected a question in message_request';
        return { errorResponse: { errorCode: GRPC_CODES.INVALID_ARGUMENT, errorMessage } };
      }
    }
  }

  /** Name of the file of a symbol; a type inside another, or a field, stands where that stands. */
  #fileWith(symbol: string): string | null {
    for (
      let outer = symbol;
      outer !== '';
      outer = outer.slice(0, Math.max(0, outer.lastIndexOf('.')))
    ) {
      const name = this.#fileOf.get(outer);
      if (name !== undefined) return name;
    }
    return null;
  }

  #file(name: string | null, asked: string): Said {
    const bytes = name === null ? undefined : this.#files.get(name);
    if (bytes === undefined) return notFound(asked);
    return { fileDescriptorResponse: { fileDescriptorProto: [bytes] } };
  }

  #index(definitions: PackageDefinition): void {
    const files = new Map<string, Buffer>();
    for (const definition of Object.values(definitions)) {
      if (!isType(definition)) continue;
      for (const bytes of definition.fileDescriptorProtos) {
        files.set(FILE_DESCRIPTOR.deserialize(bytes).name, bytes);
      }
      // All of one load carry the same list.
      break;
    }
    for (const [name, definition] of Object.entries(definitions)) {
      const file = fileNameOf(name);
      const bytes = files.get(file);
      if (bytes === undefined) continue;
      this.#files.set(file, bytes);
      this.#fileOf.set(name, file);
      if (isType(definition)) continue;
      for (const method of Object.keys(definition)) this.#fileOf.set(`${name}.${method}`, file);
    }
  }
}

/** Handlers for either name of the protocol; `name` is the full one. */
export function reflectionHandlers(
  modules: ServiceModules,
  name: string,
  reflection: Reflection,
): ServerReflectionHandlers {
  const method = `/${name}/ServerReflectionInfo`;
  return {
    ServerReflectionInfo: streaming(modules, method, async (call: ReflectionCall) => {
      for await (const request of messagesOf<ServerReflectionRequest__Output>(call)) {
        const said = reflection.answer(request);
        const { host } = request;
        if (!(await sent(call, { validHost: host, originalRequest: request, ...said }))) return;
      }
    }),
  };
}

function isType(
  definition: PackageDefinition[string],
): definition is MessageTypeDefinition<object, object> | EnumTypeDefinition {
  return 'format' in definition;
}

/** How the loader names the file of a package: of `quorate.v1.Store`, `quorate_v1.proto`. Types inside types stand with them. */
function fileNameOf(symbol: string): string {
  const parts = symbol.split('.');
  const end = parts.findIndex((part) => /^[A-Z]/.test(part));
  return `${parts.slice(0, end).join('_')}.proto`;
}

function notFound(what: string): Said {
  const errorMessage = `${what} is not known here`;
  return { errorResponse: { errorCode: GRPC_CODES.NOT_FOUND, errorMessage } };
}
