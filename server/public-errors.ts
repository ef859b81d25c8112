// Every error class a library user can meet, and the unions of their codes.
export { BackstitchError, EjsonError, InternalError, type EjsonErrorCode, type Fault, type InternalErrorCode } from "../kernel/index.ts"
export { ExpressionError, type ExpressionErrorCode } from "../engine/index.ts"
export { ConfigError, PermissionError, RequestError, type ConfigErrorCode, type PermissionErrorCode, type RequestErrorCode } from "./errors.ts"
export { StoreError, type StoreErrorCode } from "./data/index.ts"
export { TransferError, type TransferErrorCode } from "./operations/index.ts"
