// Registers OpenTelemetry in the thread that loads this file. `NodeSDK` of @opentelemetry/sdk-node does the same, and more.
// For a collector: BatchSpanProcessor, and OTLPTraceExporter of @opentelemetry/exporter-trace-otlp-http.
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, ConsoleSpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

const processor = new SimpleSpanProcessor(new ConsoleSpanExporter());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }));
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
