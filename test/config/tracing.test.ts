// Where traces go. The file says it, or a flag, or the variables that programs with OpenTelemetry share.
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/parse-config.js';
import { daemonSettings } from '../../src/config/daemon-settings.js';
import {
  traceEndpoint,
  traceEndpointOfOtel,
  traceSample,
} from '../../src/config/tracing-section.js';
import { checkOptions } from '../../src/daemon-options.js';

const TRACES = 'http://127.0.0.1:4318/v1/traces';

describe('the collector', () => {
  test.each([
    { text: 'http://127.0.0.1:4318', url: TRACES },
    { text: 'http://127.0.0.1:4318/', url: TRACES },
    { text: TRACES, url: TRACES },
    { text: 'HTTPS://otel.example/in?key=1', url: 'https://otel.example/in?key=1' },
    { text: 'http://[::1]:4318', url: 'http://[::1]:4318/v1/traces' },
  ])('at $text is sent to $url', ({ text, url }) => {
    expect(traceEndpoint(text)).toBe(url);
  });

  test.each([
    '',
    'localhost:4318',
    'grpc://a:4317',
    'http://',
    'http://a b',
    'http://a#b',
    'http://u:p@a',
  ])('is not at %j', (text) => {
    expect(() => traceEndpoint(text)).toThrow(/URL/);
  });

  test.each([
    { environment: {}, url: null },
    { environment: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318/' }, url: TRACES },
    {
      environment: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a/otlp' },
      url: 'http://a/otlp/v1/traces',
    },
    {
      environment: {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://b/in',
      },
      url: 'http://b/in',
    },
    {
      environment: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a', OTEL_SDK_DISABLED: 'True' },
      url: null,
    },
  ])('by $environment is $url', ({ environment, url }) => {
    expect(traceEndpointOfOtel(environment)).toBe(url);
  });
});

describe('the share of traces', () => {
  test.each([
    ['0', 0],
    ['1', 1],
    ['1.0', 1],
    ['0.01', 0.01],
    ['.5', 0.5],
  ])('%s is %d', (text, share) => {
    expect(traceSample(text)).toBe(share);
  });

  test.each(['', '-1', '1.1', '10', '1e-2', '50%', 'all', '.'])('is not %j', (text) => {
    expect(() => traceSample(text)).toThrow('a share from 0 to 1');
  });
});

test('a file without the section traces nothing, and one with it traces by its word unless a flag says otherwise', () => {
  const optionsOf = (text: string, given: object = {}) => {
    const parsed = parseConfig(`cluster: { name: c }\n${text}`, {}, '/');
    if ('errors' in parsed) throw new Error(JSON.stringify(parsed.errors));
    return checkOptions({ dataDir: '/d', ...daemonSettings(parsed.config), ...given }).tracing;
  };
  expect(optionsOf('')).toBeNull();
  expect(optionsOf('tracing: { sample: 0.5 }')).toBeNull();
  const file = 'tracing: { endpoint: "http://127.0.0.1:4318", sample: 0.5 }';
  expect(optionsOf(file)).toEqual({ endpoint: TRACES, sample: 0.5 });
  expect(optionsOf(file, { traceSample: 0 })).toEqual({ endpoint: TRACES, sample: 0 });
  expect(optionsOf('', { traceEndpoint: 'http://b' })).toEqual({
    endpoint: 'http://b/v1/traces',
    sample: 1,
  });
  expect(() => optionsOf('', { traceEndpoint: 'b' })).toThrow(
    '--trace-endpoint: expected the http',
  );
  expect(() => optionsOf('', { traceSample: 2 })).toThrow('--trace-sample: expected a share');
});
