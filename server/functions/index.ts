// The app's functions as a service.
export { bundleModules } from "./bundle.ts"
export type { BundleResult } from "./package-bundler.ts"
export { runAsOf } from "./code.ts"
export { RawArguments } from "./raw-arguments.ts"
export { createFunctions } from "./service.ts"
export { createHttpTransport, type HttpExchange, type HttpReply, type HttpTransport } from "./http-transport.ts"
export { isClosedAddress } from "./addresses.ts"
export type * from "./ports.ts"
