// The section `tracing` of a configuration file: where the traces of writes go, and how many of them. Also how the endpoint is read wherever
// else it is said: by a flag, or by the variable that programs with OpenTelemetry share. Pure.

import * as scalars from './scalars.js';
import type { Mapping } from './value.js';

/** What counts where only the endpoint is said: a node bounds by itself how many traces it begins. */
export const TRACE_SAMPLE_DEFAULT = 1;

const URL_BYTES_MAX = 2048;
const TRACES_PATH = '/v1/traces';

/** What the file leaves open is null. */
export interface TracingConfig {
  /** Whole URL, path included. */
  readonly endpoint: string | null;
  /** Share of traces that are kept, 0 to 1. */
  readonly sample: number | null;
}

/** `tracing`; without an endpoint nothing is traced. */
export function tracingSection(root: Mapping): TracingConfig {
  const section = root.section('tracing', ['endpoint', 'sample']);
  return {
    endpoint: section.read('endpoint', traceEndpoint),
    sample: section.read('sample', traceSample),
  };
}

/**
 * The URL of a collector's endpoint for traces. A URL without a path is that of the collector, whose traces go to `/v1/traces`. Throws
 * `Wrong`; no error shows what a URL may carry of a password.
 * Source: OpenTelemetry Protocol Exporter, endpoint URLs for OTLP/HTTP.
 */
export function traceEndpoint(text: string): string {
  const wrong = new scalars.Wrong(
    'the http:// or https:// URL of an OTLP collector, such as http://127.0.0.1:4318',
  );
  if (text.length > URL_BYTES_MAX || !/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    throw wrong;
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    const message = 'expected a URL without a password; OTEL_EXPORTER_OTLP_HEADERS can carry one';
    throw new scalars.Wrong(message, { isWhole: true });
  }
  if (url.hash !== '' || url.hostname === '') throw wrong;
  if (url.pathname === '/') url.pathname = TRACES_PATH;
  return url.href;
}

/** A share from 0 to 1. Throws `Wrong`. */
export function traceSample(text: string): number {
  const share = /^\d?\.?\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (share >= 0 && share <= 1) return share;
  throw new scalars.Wrong('a share from 0 to 1, such as 0.01');
}

/**
 * The URL for traces by the variables that programs with OpenTelemetry share; null: they say nothing. That of traces is taken as it is, the
 * other is the collector's, behind whose path `v1/traces` stands.
 * Source: OpenTelemetry Protocol Exporter, endpoint URLs for OTLP/HTTP.
 */
export function traceEndpointOfOtel(
  environment: Readonly<Record<string, string | undefined>>,
): string | null {
  if (environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return null;
  const exact = environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? '';
  if (exact !== '') return exact;
  const base = environment['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '';
  return base === '' ? null : `${base.replace(/\/+$/, '')}${TRACES_PATH}`;
}
