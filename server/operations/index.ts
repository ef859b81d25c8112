export { dumpData, inspectDump, restoreData, copyData, type DumpSource, type InspectedDump, type RestoreOptions, type TransferOptions } from "./transfer.ts"
export type { Progress, Selection, TransferStore } from "./collections.ts"
export type { TransferCounts } from "./write-records.ts"
export { TransferError, type TransferErrorCode } from "./transfer-error.ts"
