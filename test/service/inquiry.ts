// A client of server reflection, as tools have one: one stream, a question and its answer at a time. It knows nothing of
// what is served but what it is told.
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { ServerReflectionRequest } from '../../src/generated/grpc/reflection/v1/ServerReflectionRequest.js';
import type { ServerReflectionResponse__Output } from '../../src/generated/grpc/reflection/v1/ServerReflectionResponse.js';
import { REFLECTION_ALPHA } from '../../src/service/reflection.js';
import { REFLECTION } from '../../src/service/standard-protos.js';

export interface DescribedMethod {
  readonly name: string;
  readonly inputType: string;
  readonly clientStreaming: boolean;
  readonly serverStreaming: boolean;
  readonly options: { readonly idempotencyLevel?: string | number } | null;
}

export interface DescribedFile {
  readonly name: string;
  readonly package: string;
  readonly messageType: readonly {
    readonly name: string;
    readonly field: readonly { readonly name: string }[];
  }[];
  readonly service: readonly {
    readonly name: string;
    readonly method: readonly DescribedMethod[];
  }[];
}

const FILE = loadSync('google/protobuf/descriptor.proto', {
  longs: Number,
  enums: String,
  defaults: true,
})['google.protobuf.FileDescriptorProto'] as unknown as MessageTypeDefinition<
  DescribedFile,
  DescribedFile
>;

export class Inquiry {
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<ServerReflectionRequest, ServerReflectionResponse__Output>;

  constructor(api: string, version: 'v1' | 'v1alpha') {
    this.#client = new Client(api, credentials.createInsecure());
    const { ServerReflectionInfo: method } = REFLECTION;
    const { path } =
      version === 'v1' ? method : (REFLECTION_ALPHA['ServerReflectionInfo'] ?? method);
    this.#stream = this.#client.makeBidiStreamRequest(
      path,
      method.requestSerialize,
      method.responseDeserialize,
      new Metadata(),
      {},
    );
    this.#stream.on('error', () => {});
  }

  /** The answer to one question; fails as the stream does. */
  ask(request: ServerReflectionRequest): Promise<ServerReflectionResponse__Output> {
    return new Promise((resolve, reject) => {
      this.#stream.once('error', reject);
      this.#stream.once('data', (answer: ServerReflectionResponse__Output) => {
        this.#stream.off('error', reject);
        resolve(answer);
      });
      this.#stream.write(request);
    });
  }

  /** Full names of the services that are listed. */
  async services(): Promise<string[]> {
    const { listServicesResponse } = await this.ask({ listServices: '*' });
    return (listServicesResponse?.service ?? []).map(({ name }) => name);
  }

  /** The file that a symbol stands in. */
  async fileOf(symbol: string): Promise<DescribedFile & { readonly bytes: Buffer }> {
    const { fileDescriptorResponse } = await this.ask({ fileContainingSymbol: symbol });
    const [bytes] = fileDescriptorResponse?.fileDescriptorProto ?? [];
    if (bytes === undefined) throw new Error(`${symbol} is not described`);
    return { ...FILE.deserialize(bytes), bytes };
  }

  close(): void {
    this.#stream.end();
    this.#client.close();
  }
}
